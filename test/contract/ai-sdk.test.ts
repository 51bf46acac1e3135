import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateImage } from "ai";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { useTinyStack } from "../support/tiny-stack.ts";

// Vercel's AI SDK as it is installed, against workerd and the backend over HTTP.

const stack = useTinyStack();

function compatibleModel(apiKey = stack().apiKey) {
  return createOpenAICompatible({ name: "wuerstchen", baseURL: `${stack().url}/v1`, apiKey }).imageModel("tiny");
}

function openAiModel() {
  return createOpenAI({ baseURL: `${stack().url}/v1`, apiKey: stack().apiKey }).image("tiny");
}

async function formatOf(bytes: Uint8Array): Promise<string> {
  const { format, width, height } = await sharp(bytes).metadata();
  return `${format} ${width}x${height}`;
}

describe("@ai-sdk/openai-compatible", () => {
  test("makes pictures, and its provider options reach us as our own fields", async () => {
    const providerOptions = { wuerstchen: { seed: 11, output_format: "webp", steps: 2 } };
    const call = { model: compatibleModel(), prompt: "red apple", size: "64x64", providerOptions } as const;
    const { images, warnings } = await generateImage({ ...call, n: 2 });
    expect(await Promise.all(images.map((image) => formatOf(image.uint8Array)))).toEqual(["webp 64x64", "webp 64x64"]);
    expect(images[0]?.base64).not.toBe(images[1]?.base64);
    expect(warnings).toEqual([]);
    const { image } = await generateImage(call);
    expect(image.base64).toBe(images[0]?.base64);
  });

  test("takes pictures by link as well, which need no key", async () => {
    const providerOptions = { wuerstchen: { response_format: "url" } };
    const { image } = await generateImage({ model: compatibleModel(), prompt: "green dog", providerOptions });
    expect(await formatOf(image.uint8Array)).toBe("png 64x64");
  });

  test("raises our own sentence when a size is not offered, and does not ask again", async () => {
    const asking = generateImage({ model: compatibleModel(), prompt: "red apple", size: "100x100" });
    await expect(asking).rejects.toSatisfy(
      (error) =>
        APICallError.isInstance(error) &&
        error.statusCode === 400 &&
        error.message.includes("'size'") &&
        !error.isRetryable,
    );
  });

  test("raises a wrong key as 401", async () => {
    const asking = generateImage({ model: compatibleModel("we_wrong"), prompt: "red apple", maxRetries: 0 });
    await expect(asking).rejects.toMatchObject({ statusCode: 401 });
  });
});

describe("@ai-sdk/openai", () => {
  test("makes four pictures by four calls of one prompt", async () => {
    const { images } = await generateImage({ model: openAiModel(), prompt: "blue house", n: 4 });
    expect(await Promise.all(images.map((image) => formatOf(image.uint8Array)))).toEqual(Array(4).fill("png 64x64"));
  });

  test("may send its own options", async () => {
    const providerOptions = { openai: { quality: "high", outputFormat: "jpeg", outputCompression: 80, user: "u1" } };
    const { image } = await generateImage({ model: openAiModel(), prompt: "blue house", providerOptions });
    expect(await formatOf(image.uint8Array)).toBe("jpeg 64x64");
  });
});
