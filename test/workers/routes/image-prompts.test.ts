import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { digestOf } from "../../../workers/models/model-store.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

const edge = new TestEdge();
const { backend } = edge;
const tokenizer = JSON.stringify(tinyBundle.tokenizer);
const [cat, dog] = [btoa("a cat's file"), btoa("a dog's file")];
let key: string;

/** The tiny model with an image encoder, whose graphs the edge never sees. */
async function seeingModel(): Promise<object> {
  const file = { sha256: await digestOf(tokenizer), bytes: tokenizer.length };
  const files = { ...manifest.files, [manifest.text.tokenizer]: file };
  const { textConditioner } = manifest.graphs;
  const graphs = { ...manifest.graphs, imageEncoder: textConditioner, imageTextConditioner: textConditioner };
  const own = { id: "seeing", revision: "seeing-1", files, graphs, imagePrompts: { encoder: "clip-1" } };
  return { manifest: { ...Object(tinyBundle.model), ...own }, tokenizer };
}

function send(fields: object, path = "/v1/images/generations"): Promise<Response> {
  return edge.fetch(path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ prompt: "apple", seed: 1, model: "seeing", response_format: "b64_json", ...fields }),
  });
}

async function made(fields: object) {
  const response = await send(fields);
  expect([response.status, await response.clone().text()]).toEqual([200, expect.any(String)]);
  const answer: ImagesResponse = await response.json();
  return {
    latentId: firstPicture(answer).latent_id,
    cost: Number(response.headers.get("x-wuerstchen-cost-micro-usd")),
  };
}

async function refusal(fields: object, path?: string) {
  const response = await send(fields, path);
  const { error } = (await response.json()) as { error: { param: string | null; message: string } };
  return { status: response.status, ...error };
}

beforeAll(async () => {
  const response = await edge.fetch("/v1/admin/models", {
    method: "PUT",
    headers: { authorization: `Bearer ${edge.env.ADMIN_SECRET}`, "content-type": "application/json" },
    body: JSON.stringify(await seeingModel()),
  });
  expect(response.status).toBe(200);
  edge.nowMs += 10_000;
});

beforeEach(async () => {
  key = await edge.createKey(`sees-${crypto.randomUUID()}`);
});

describe("pictures in a prompt", () => {
  test("are read once and reach Stage C, and a repeat neither reads them nor runs it", async () => {
    const words = await made({});
    const [tools, jobs] = [backend.tools.length, backend.jobs.length];
    const first = await made({ image_prompt: cat, n: 2 });
    expect(backend.tools.slice(tools)).toEqual(["/encode-image-prompt"]);
    expect(backend.jobs.slice(jobs).map(({ imagePrompts }) => imagePrompts)).toEqual(Array(2).fill([btoa("a cat's ")]));
    expect(first.latentId).not.toBe(words.latentId);
    expect(first.cost).toBe(2 * words.cost + 20);
    const again = await made({ image_prompt: [`data:image/png;base64,${cat}`], n: 2 });
    expect(again.latentId).toBe(first.latentId);
    expect(again.cost).toBeLessThan(first.cost);
    expect([backend.tools.length, backend.jobs.length]).toEqual([tools + 1, jobs + 2]);
  });

  test("decide the latent by their bytes, their number and their order", async () => {
    const prompts = [cat, dog, [cat, dog], [dog, cat], [cat, cat]];
    const ids = [];
    for (const image_prompt of prompts) ids.push((await made({ image_prompt })).latentId);
    expect(new Set(ids).size).toBe(prompts.length);
  });

  test.each<[string, object, RegExp]>([
    ["a model without an image encoder", { model: "tiny", image_prompt: cat }, /'tiny', which reads no pictures/u],
    ["what is no base64", { image_prompt: "?" }, /base64, or a data URL/u],
    [
      "what the backend cannot read",
      { image_prompt: btoa("bad") },
      /'image_prompt' must be a whole PNG, JPEG or WebP/u,
    ],
    ["more than four", { image_prompt: Array(5).fill(cat) }, /image_prompt/u],
    ["none", { image_prompt: [] }, /image_prompt/u],
    ["a file beyond a mebibyte", { image_prompt: btoa("x".repeat(1_048_577)) }, /at most 1048576 bytes/u],
  ])("are refused for free with the field's name: %s", async (_, fields, message) => {
    const jobs = backend.jobs.length;
    expect(await refusal(fields)).toMatchObject({ status: 400, message });
    expect((await refusal(fields)).param).toMatch(/^image_prompt/u);
    expect(backend.jobs).toHaveLength(jobs);
  });

  test("are told of by the list of models, are quoted, and have no place in a job", async () => {
    const { data }: { data: { id: string; image_prompts: boolean }[] } = await (
      await edge.get(key, "/v1/models")
    ).json();
    expect(data.map(({ id, image_prompts }) => [id, image_prompts])).toEqual([
      ["tiny", false],
      ["seeing", true],
    ]);
    const { response_format: _, ...quoted } = { prompt: "apple", model: "seeing", response_format: "" };
    const quotes = [];
    for (const more of [{}, { image_prompt: [cat, dog] }]) {
      const response = await edge.fetch("/v1/quotes", {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ ...quoted, ...more }),
      });
      quotes.push(((await response.json()) as { ceiling_micro_usd: number }).ceiling_micro_usd);
    }
    expect((quotes[1] ?? 0) - (quotes[0] ?? 0)).toBe(40);
    const job = await edge.fetch("/v1/jobs/seen", {
      method: "PUT",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ requests: [{ prompt: "apple", model: "seeing", image_prompt: cat }] }),
    });
    const { error } = (await job.json()) as { error: { param: string } };
    expect([job.status, error.param]).toEqual([400, "requests.0.image_prompt"]);
  });
});
