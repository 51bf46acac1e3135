import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { ApiError } from "../../../shared/client/api-error.ts";
import type { Schemas } from "../../../shared/client/calls.ts";
import { createClient } from "../../../shared/client/client.ts";
import type { StepReport } from "../../../shared/client/image-stream.ts";
import { pauseByTimer } from "../../../shared/client/job-calls.ts";
import { fromBase64 } from "../../../workers/gpu/base64.ts";
import { recordUsage } from "../../../workers/usage/usage-table.ts";
import { origin, TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

beforeEach(() => {
  backend.streamEnd = undefined;
  backend.behaviour = "works";
});

async function newClient(creditMicroUsd?: number) {
  return newClientOf(await edge.createKey(undefined, creditMicroUsd));
}

function newClientOf(apiKey: string) {
  return createClient({ baseUrl: origin, apiKey, fetch: (request) => edge.fetch(request.url, request) });
}

async function entries<Entry>(list: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of list) all.push(entry);
  return all;
}

function firstLatent({ data: [image] }: Schemas["ImagesResponse"]): string {
  if (image === undefined) throw new TypeError("The answer holds no picture.");
  return image.latent_id;
}

describe("the typed client", () => {
  test("makes pictures within the quote and shows the charge in the balance", async () => {
    const client = await newClient();
    const body = { prompt: "apple", seed: 3 };
    const quote = await client.quote(body);
    const answer = await client.images.create(body);
    expect(answer.data).toMatchObject([{ seed: 3, tier: "generated", b64_json: expect.any(String) }]);
    expect(answer.usage.cost.micro_usd).toBe(quote.picture_micro_usd.generated);
    expect((await client.balance()).spent_micro_usd).toBe(answer.usage.cost.micro_usd);
    expectTypeOf(answer.data[0]?.tier).toEqualTypeOf<"image" | "latent" | "generated" | undefined>();
  });

  test("streams variations of a latent and of a picture, and edits, the picture last", async () => {
    const client = await newClient();
    const made = await client.images.create({ prompt: "apple", seed: 4 });
    const steps: StepReport[] = [];
    const onStep = (report: StepReport) => steps.push(report);
    const types = async (events: AsyncIterable<Schemas["ImageEditEvent"]>) =>
      (await entries(events)).map(({ type }) => type);
    const ofLatent = client.latents.streamVary(firstLatent(made), { seed: 5, partial_images: 1 }, { onStep });
    expect(await types(ofLatent)).toEqual(["image_edit.partial_image", "image_edit.completed"]);
    expect(steps).not.toEqual([]);
    const [item] = made.data;
    const file = new Blob([fromBase64(item !== undefined && "b64_json" in item ? item.b64_json : "")]);
    expect(await types(client.images.streamVary({ image: file, seed: 6 }))).toEqual(["image_edit.completed"]);
    const edited = client.images.streamEdit({ image: file, prompt: "pear", seed: 7 });
    expect(await types(edited)).toEqual(["image_edit.completed"]);
  });

  test("yields the events of a stream one by one, the picture last", async () => {
    const client = await newClient();
    const events: Schemas["ImageEvent"][] = [];
    for await (const event of client.images.stream({ prompt: "apple", seed: 4, partial_images: 2 })) events.push(event);
    expect(events.map(({ type }) => type)).toEqual([
      "image_generation.partial_image",
      "image_generation.partial_image",
      "image_generation.completed",
    ]);
    const last = events.at(-1);
    if (last?.type !== "image_generation.completed") throw new TypeError("The stream ended without its picture.");
    expect(last).toMatchObject({ seed: 4, tier: "generated" });
    expectTypeOf(last.usage).toEqualTypeOf<Schemas["Usage"]>();
  });

  test("reports the steps of a stream as they are done, without asking for previews", async () => {
    const client = await newClient();
    const steps: StepReport[] = [];
    for await (const _ of client.images.stream({ prompt: "apple", seed: 8 }, { onStep: (step) => steps.push(step) }));
    expect(steps.at(-1)).toEqual({ step: steps.at(-1)?.steps, steps: expect.any(Number) });
  });

  test("lists latents, jobs and days of usage over all pages", async () => {
    const apiKey = await edge.createKey("lister");
    const client = newClientOf(apiKey);
    const { data } = await client.images.create({ prompt: "apple", seed: 10, n: 3 });
    const listed = (await entries(client.latents.list({ limit: 2 }))).map(({ id }) => id);
    expect(listed.toSorted()).toEqual(data.map(({ latent_id }) => latent_id).toSorted());
    for (const id of ["one", "two"]) await client.jobs.create(id, { requests: [{ prompt: "apple", seed: 10 }] });
    expect(await entries(client.jobs.list({ limit: 1 }))).toHaveLength(2);
    const charged = [0, 1, 2].map((days) => ({
      id: `lister-${days}`,
      account: "lister",
      atMs: edge.nowMs - days * 86_400_000,
      priceBook: 2,
      lines: [{ kind: "hit" as const, latentId: "a".repeat(64), microUsd: 5 + days }],
    }));
    await recordUsage(edge.env.USAGE, charged);
    const days = await entries(client.usage({ limit: 1 }));
    expect(days.map(({ micro_usd }) => micro_usd)).toEqual([5, 6, 7]);
  });

  test("rejects a stream whose backend cannot be reached", async () => {
    const client = await newClient();
    backend.behaviour = "unreachable";
    const events = client.images.stream({ prompt: "apple", seed: 5 });
    await expect(events.next()).rejects.toBeInstanceOf(ApiError);
  });

  test("downloads, uploads, decodes, varies and deletes a latent", async () => {
    const client = await newClient();
    const id = firstLatent(await client.images.create({ prompt: "apple", seed: 6 }));
    const file = await client.latents.download(id);
    expect(await client.latents.upload(file)).toMatchObject({
      object: "latent",
      cost: { micro_usd: expect.any(Number) },
    });
    expect((await client.latents.decode(id)).data).toMatchObject([{ latent_id: id, tier: "image" }]);
    expect((await client.latents.vary(id, { seed: 7 })).data).toHaveLength(1);
    expect(await client.latents.delete(id)).toEqual({ id, object: "latent", deleted: true });
    await expect(client.latents.download(id)).rejects.toMatchObject({ status: 404, code: "not_found" });
  });

  test("waits until a job has ended and returns its results", async () => {
    const client = await newClient();
    const created = await client.jobs.create("pair", { requests: [{ prompt: "apple" }, { prompt: "pear" }] });
    expect(created).toMatchObject({ id: "pair", progress: { requests: 2 } });
    const job = await client.jobs.wait("pair");
    expect(job).toMatchObject({ state: "succeeded", progress: { succeeded: 2 } });
    expect(job.results.data.map(({ data }) => data?.length)).toEqual([1, 1]);
  });

  test("pauses longer and longer while a proxy cuts the events of a job, however it cuts them", async () => {
    const apiKey = await edge.createKey();
    const pauses: number[] = [];
    const cuts = [
      () => new Response(""),
      () => new Response(new ReadableStream({ pull: (c) => c.error(new Error()) })),
    ];
    const client = createClient({
      baseUrl: origin,
      apiKey,
      fetch: async (request) => {
        if (request.url.endsWith("/events")) return cuts[pauses.length % 2]?.() ?? new Response("");
        const answer = await edge.fetch(request.url, request);
        if (request.method !== "GET" || pauses.length === 7) return answer;
        return Response.json({ ...(await answer.json<object>()), ended: null });
      },
      pause: async (milliseconds) => void pauses.push(milliseconds),
    });
    await client.jobs.create("cut", { requests: [{ prompt: "apple", seed: 11 }] });
    await newClientOf(apiKey).jobs.wait("cut");
    expect(await client.jobs.wait("cut")).toMatchObject({ state: "succeeded" });
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("ends a pause when its signal aborts", async () => {
    const controller = new AbortController();
    const pausing = pauseByTimer(600_000, controller.signal);
    controller.abort(new TypeError("enough"));
    await expect(pausing).rejects.toThrow("enough");
    await expect(pauseByTimer(600_000, controller.signal)).rejects.toThrow("enough");
  });

  test("rejects a refusal with status, code, field and the request's name", async () => {
    const client = await newClient();
    await expect(client.images.create({ prompt: "apple", steps: 100_000 })).rejects.toMatchObject({
      name: "ApiError",
      status: 400,
      code: "invalid_request",
      param: "steps",
      requestId: expect.any(String),
    });
    const poor = await newClient(0);
    await expect(poor.images.create({ prompt: "apple" })).rejects.toMatchObject({ status: 402 });
  });

  test("calls every route of the document through `http`", async () => {
    const { http } = await newClient();
    const { data } = await http.GET("/v1/models");
    expect(data?.data.map(({ id }) => id)).toEqual(["tiny"]);
    expectTypeOf(data).toEqualTypeOf<Schemas["ModelList"] | undefined>();
    // @ts-expect-error: the document has no such route.
    void (() => http.GET("/v1/nothing"));
    // @ts-expect-error: a prompt is required.
    void (() => http.POST("/v1/images/generations", { body: {} }));
  });
});
