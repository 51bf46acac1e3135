import OpenAI, { APIError, BadRequestError, toFile } from "openai";
import sharp from "sharp";
import { expect, test } from "vitest";
import { lastingSteps, useLastingBundle } from "../support/lasting-tasks.ts";
import { useTinyStack } from "../support/tiny-stack.ts";

// OpenAI's client as it is installed, with `stream: true`, against workerd and the backend over HTTP.

const stack = useTinyStack(useLastingBundle());

function client(): OpenAI {
  return new OpenAI({ baseURL: `${stack().url}/v1`, apiKey: stack().apiKey, maxRetries: 0 });
}

async function eventsOf(change: Partial<OpenAI.ImageGenerateParamsStreaming> & { seed?: number; steps?: number }) {
  const request = { model: "tiny", prompt: "red apple", stream: true, ...change } as const;
  const events: OpenAI.ImageGenStreamEvent[] = [];
  for await (const event of await client().images.generate(request)) events.push(event);
  return events;
}

async function sizeOf(base64: string): Promise<string> {
  const { format, width, height } = await sharp(Buffer.from(base64, "base64")).metadata();
  return `${format} ${width}x${height}`;
}

test("partial images come before the picture, which is the one that is given without a stream", async () => {
  const events = await eventsOf({ seed: 31, steps: lastingSteps, partial_images: 3 });
  const partials = events.flatMap((event) => (event.type === "image_generation.partial_image" ? [event] : []));
  expect(partials.length).toBeGreaterThan(0);
  expect(partials.map(({ partial_image_index }) => partial_image_index)).toEqual(partials.map((_, index) => index));
  for (const { b64_json, output_format, size } of partials) {
    expect([await sizeOf(b64_json), output_format, size]).toEqual(["png 64x64", "png", "64x64"]);
  }

  const last = events.at(-1);
  if (last?.type !== "image_generation.completed") throw new TypeError("The stream has no picture.");
  expect(events).toHaveLength(partials.length + 1);
  expect(last.usage.input_tokens).toBeGreaterThan(0);
  const plain = { model: "tiny", prompt: "red apple", seed: 31, steps: lastingSteps };
  const { data = [] } = await client().images.generate(plain);
  expect(data[0]?.b64_json).toBe(last.b64_json);
});

test("a picture that is there comes at once, and alone", async () => {
  const request = { seed: 32, partial_images: 2, output_format: "webp" } as const;
  const last = (await eventsOf(request)).at(-1);
  expect(await eventsOf(request)).toEqual([
    expect.objectContaining({ type: "image_generation.completed", b64_json: last?.b64_json, tier: "image" }),
  ]);
});

test("an edit streams by the client's own events, and ends with the picture that is given without a stream", async () => {
  const background = { r: 200, g: 30, b: 30 };
  const png = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .png()
    .toBuffer();
  const asked = {
    model: "tiny",
    prompt: "green apple",
    image: await toFile(png, "apple.png"),
    seed: 33,
    steps: 40,
  };
  const events: OpenAI.ImageEditStreamEvent[] = [];
  for await (const event of await client().images.edit({ ...asked, stream: true, partial_images: 2 })) {
    events.push(event);
  }
  const last = events.at(-1);
  if (last?.type !== "image_edit.completed") throw new TypeError("The stream has no picture.");
  expect(events.slice(0, -1).every(({ type }) => type === "image_edit.partial_image")).toBe(true);
  expect(await sizeOf(last.b64_json)).toBe("png 64x64");
  const { data = [] } = await client().images.edit(asked);
  expect(data[0]?.b64_json).toBe(last.b64_json);
});

test("what is wrong with a request is raised as without a stream", async () => {
  await expect(eventsOf({ partial_images: 4 })).rejects.toBeInstanceOf(BadRequestError);
  await expect(eventsOf({ response_format: "url" })).rejects.toMatchObject({ status: 400, param: "response_format" });
  await expect(eventsOf({ size: "1x1" as "auto" })).rejects.toBeInstanceOf(APIError);
});

test("who stops reading in the middle disturbs nobody", async () => {
  const request = {
    model: "tiny",
    prompt: "green dog",
    stream: true,
    partial_images: 3,
    seed: 33,
    steps: lastingSteps,
  } as const;
  const left = await client().images.generate(request);
  for await (const event of left) {
    expect(event.type).toBe("image_generation.partial_image");
    break;
  }
  expect((await eventsOf({ ...request, partial_images: 0 })).map(({ type }) => type)).toEqual([
    "image_generation.completed",
  ]);
});
