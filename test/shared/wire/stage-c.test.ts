import { describe, expect, test } from "vitest";
import {
  parseStageCRequest,
  parseStageCResponse,
  parseStageCTerms,
  type StageCRequest,
  stageCTarget,
} from "../../../shared/wire/stage-c.ts";

const request: StageCRequest = {
  model: "emoji-128",
  revision: "r1",
  tokenIds: [0, 5, 2],
  negativeTokenIds: [0, 2],
  seeds: [1, 2],
  steps: 20,
  guidanceScale: 4,
  latentShape: [16, 8, 8],
};

const response = {
  model: "emoji-128",
  revision: "r1",
  latents: [
    { seed: 1, safetensors: "AAAA" },
    { seed: 2, safetensors: "AAA=" },
  ],
  milliseconds: { queue: 0, textEncoder: 1.5, stageC: 20 },
};

test("a request survives the way over the wire, and so do its terms, beside it", () => {
  expect(parseStageCRequest(JSON.parse(JSON.stringify(request)))).toEqual({ ok: true, value: request });
  const tags = { tenant: "a".repeat(32), request: "b".repeat(32) };
  for (const terms of [{}, { priority: "batch", deadlineMs: 60_000, jobId: "0123456789abcdef", ...tags } as const]) {
    const { pathname, searchParams } = new URL(stageCTarget(terms), "http://backend");
    expect(pathname).toBe("/stage-c");
    expect(parseStageCTerms(Object.fromEntries(searchParams))).toEqual({ ok: true, value: terms });
  }
});

test.each<[Record<string, string>, string]>([
  [{ priority: "urgent" }, "priority"],
  [{ deadlineMs: "0" }, "deadlineMs"],
  [{ deadlineMs: "86400001" }, "deadlineMs"],
  [{ jobId: "short" }, "jobId"],
  [{ jobId: "spaces are not allowed" }, "jobId"],
  [{ tenant: "alice@example.com" }, "tenant"],
  [{ request: "x".repeat(65) }, "request"],
  [{ steps: "5" }, "steps"],
])("terms are refused, naming the parameter, for %o", (query, param) => {
  expect(parseStageCTerms(query)).toMatchObject({ ok: false, error: { param } });
});

describe("a request is refused, naming the field,", () => {
  test.each<[object, string]>([
    [{ tokenIds: [] }, "tokenIds"],
    [{ tokenIds: [0, -1] }, "tokenIds.1"],
    [{ tokenIds: [0.5] }, "tokenIds.0"],
    [{ seeds: [] }, "seeds"],
    [{ seeds: Array.from({ length: 11 }, (_, index) => index) }, "seeds"],
    [{ seeds: [2 ** 32] }, "seeds.0"],
    [{ latentShape: [16, 8] }, "latentShape"],
    [{ latentShape: [16, 0, 8] }, "latentShape.1"],
    [{ steps: 0 }, "steps"],
    [{ priority: "batch" }, "priority"],
    [{ revision: undefined }, "revision"],
    [{ prompt: "a cat" }, "prompt"],
  ])("for %o", (change, param) => {
    expect(parseStageCRequest({ ...request, ...change })).toMatchObject({ ok: false, error: { param } });
  });
});

describe("an answer is believed only when it answers just this request", () => {
  test("with a latent for every seed in order it does", () => {
    expect(parseStageCResponse(response, request)).toEqual({ ok: true, value: response });
  });

  test.each<[string, object]>([
    ["another model's", { model: "other" }],
    ["another revision's", { revision: "r2" }],
    ["one latent too few", { latents: response.latents.slice(1) }],
    ["seeds in another order", { latents: response.latents.toReversed() }],
    ["no base64", { latents: [{ seed: 1, safetensors: "*" }, response.latents[1]] }],
    ["no timings", { milliseconds: undefined }],
  ])("with %s it does not", (_, change) => {
    expect(parseStageCResponse({ ...response, ...change }, request)).toEqual({
      ok: false,
      error: { code: "backend_failed" },
    });
  });
});
