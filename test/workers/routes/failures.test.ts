import { beforeEach, describe, expect, test } from "vitest";
import type { BackendFault } from "../../../shared/backend-fault.ts";
import { imagePromptsBodyBytesMax } from "../../../shared/limits.ts";
import { formatWireFailure } from "../../../shared/wire/failure.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const { backend } = edge;

beforeEach(() => {
  backend.behaviour = "works";
});

/** A backend's answer to a run that failed in this way. */
function failed(fault: BackendFault): Response {
  const { status, body, headers } = formatWireFailure({ code: "backend_failed", fault });
  return Response.json(body, { status, headers });
}

/** Every failure has OpenAI's envelope with all four keys, a request id, and is never stored. */
async function envelopeOf(response: Response) {
  expect(response.headers.get("x-request-id")).toMatch(/^req_/u);
  expect(response.headers.get("cache-control")).toBe("no-store");
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  const body: { error: Record<string, unknown> } = await response.json();
  expect(Object.keys(body.error).sort()).toEqual(["code", "message", "param", "type"]);
  return body.error;
}

describe("the API key", () => {
  test.each([
    ["missing", undefined, "missing_api_key"],
    ["of another scheme", "Basic dXNlcjpwYXNz", "missing_api_key"],
    ["malformed", "Bearer sk-1234", "invalid_api_key"],
    ["unknown", `Bearer we_${"0".repeat(28)}`, "invalid_api_key"],
  ])("that is %s is refused with 401 and wakes no backend", async (_, authorization, code) => {
    const calls = backend.transcript.length;
    for (const [path, method] of [
      ["/v1/images/generations", "POST"],
      [`/v1/latents/${"0".repeat(64)}`, "GET"],
    ] as const) {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await edge.fetch(path, { method, headers });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      expect(await envelopeOf(response)).toMatchObject({ code, type: "invalid_request_error" });
    }
    expect(backend.transcript.length).toBe(calls);
  });

  test("that is well formed and was never created is refused with 401", async () => {
    const foreign = await edge.createKey();
    const { keys } = await edge.env.API_KEYS.list();
    for (const { name } of keys) await edge.env.API_KEYS.delete(name);
    expect((await edge.post(foreign, { prompt: "apple" })).status).toBe(401);
  });

  test("is stored only as its hash", async () => {
    const key = await edge.createKey();
    const { keys } = await edge.env.API_KEYS.list();
    const stored = await Promise.all(keys.map(async ({ name }) => `${name} ${await edge.env.API_KEYS.get(name)}`));
    expect(stored.length).toBeGreaterThan(0);
    expect(stored.join("\n")).not.toContain(key);
    expect(stored.join("\n")).not.toContain(key.slice(3, 25));
  });
});

describe("a request that is wrong", () => {
  test.each([
    ["size", { size: "1024x1024" }, "64x64, any WIDTHxHEIGHT"],
    ["size", { size: "big" }, "WIDTHxHEIGHT"],
    ["n", { n: 11 }, "at most 10"],
    ["n", { n: 0 }, "at least 1"],
    ["seed", { seed: -2 }, "at least -1"],
    ["seed", { seed: 4_294_967_296 }, "at most 4294967295"],
    ["seed", { seed: 1.5 }, "whole number"],
    ["steps", { steps: 101 }, "from 1 to 100"],
    ["guidance_scale", { guidance_scale: 0.5 }, "from 1 to 15"],
    ["output_format", { output_format: "gif" }, "png, jpeg, webp"],
    ["response_format", { response_format: "file" }, "url, b64_json"],
    ["reuse", { reuse: "always" }, "prefer, fresh"],
    ["stream", { stream: "yes" }, "must be a boolean"],
    ["prompt", { prompt: "   " }, "whitespace"],
    ["prompt", { prompt: "\u0001\u0002" }, "nothing that the model can read"],
    ["prompt", { prompt: undefined }, "required"],
    ["colour", { colour: "red" }, "Unknown field"],
  ])("in '%s' is 400, naming field and what is accepted: %j", async (param, body, text) => {
    const response = await edge.post(await edge.createKey(), { prompt: "apple", ...body });
    expect(response.status).toBe(400);
    const error = await envelopeOf(response);
    expect(error).toMatchObject({ code: "invalid_request", param });
    expect(error["message"]).toContain(text);
  });

  test("in its model is 404, naming those there are", async () => {
    const response = await edge.post(await edge.createKey(), { prompt: "apple", model: "gpt-image-1" });
    expect(response.status).toBe(404);
    const error = await envelopeOf(response);
    expect(error).toMatchObject({ code: "model_not_found", param: "model" });
    expect(error["message"]).toContain("tiny");
  });

  test.each(["{", "", "prompt=apple", '{"prompt":"secret pangolin",}'])(
    "in being no JSON is 400 and is not quoted: %j",
    async (body) => {
      const response = await edge.post(await edge.createKey(), body);
      expect(response.status).toBe(400);
      const error = await envelopeOf(response);
      expect(error).toMatchObject({ code: "invalid_request", param: null });
      expect(JSON.stringify(error)).not.toContain("pangolin");
    },
  );

  test("in its content type is 415", async () => {
    const response = await edge.post(await edge.createKey(), "{}", { "content-type": "text/plain" });
    expect(response.status).toBe(415);
    expect((await envelopeOf(response))["code"]).toBe("unsupported_media_type");
  });

  test("in its size is 413, whether it declares its length or not", async () => {
    const key = await edge.createKey();
    const body = JSON.stringify({ prompt: "x".repeat(imagePromptsBodyBytesMax) });
    const declared = await edge.post(key, body, { "content-length": String(body.length) });
    expect(declared.status).toBe(413);
    expect((await envelopeOf(declared))["code"]).toBe("payload_too_large");
    const streamed = await edge.post(key, body);
    expect(streamed.status).toBe(413);
  });

  test("in its path is 404", async () => {
    for (const path of ["/v1/images/edits/x", "/v1/unknown", "/v2/models"]) {
      const response = await edge.fetch(path);
      expect(response.status).toBe(404);
      expect((await envelopeOf(response))["code"]).toBe("not_found");
    }
  });

  test.each([
    ["GET", "/v1/images/generations", "POST"],
    ["DELETE", "/v1/images/x.png", "GET, HEAD"],
    ["POST", "/v1/latents/x", "GET, HEAD, DELETE"],
    ["POST", "/v1/models", "GET, HEAD"],
    ["PUT", "/v1/models/tiny", "GET, HEAD"],
    ["POST", "/v1/health", "GET, HEAD"],
  ])("in its method is 405 and is told those there are: %s %s", async (method, path, allow) => {
    const response = await edge.fetch(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allow);
    expect((await envelopeOf(response))["code"]).toBe("method_not_allowed");
  });
});

describe("a backend", () => {
  test("that cannot be reached is 502, worth a retry, and nothing was stored", async () => {
    const key = await edge.createKey();
    const before = (await edge.env.LATENTS.list()).objects.length;
    backend.behaviour = "unreachable";
    const response = await edge.post(key, { prompt: "apple", seed: 1 });
    expect(response.status).toBe(502);
    expect(response.headers.get("x-should-retry")).toBe("true");
    expect((await envelopeOf(response))["code"]).toBe("backend_unavailable");
    expect((await edge.env.LATENTS.list()).objects.length).toBe(before);
    backend.behaviour = "works";
    const answer = await edge.generate(key, { prompt: "apple", seed: 1 });
    expect(answer.data[0]?.tier).toBe("generated");
  });

  test.each([
    ["that fails", () => Response.json({}, { status: 500 }), 502, "backend_failed", "false"],
    ["that refuses our signature", () => Response.json({}, { status: 403 }), 502, "backend_failed", "false"],
    ["that answers nonsense", () => new Response("<html>"), 502, "backend_failed", "false"],
    ["whose numbers overflow", () => failed("not_finite"), 502, "backend_failed", "false"],
    ["that has no memory left", () => failed("out_of_memory"), 502, "backend_failed", "false"],
    [
      "that lacks the model",
      () => Response.json(formatWireFailure({ code: "model_not_found", model: "tiny@1" }).body, { status: 404 }),
      502,
      "model_unavailable",
      "false",
    ],
    ["that its proxy cannot reach", () => new Response("", { status: 503 }), 502, "backend_unavailable", "true"],
    [
      "that is busy",
      () => new Response("", { status: 429, headers: { "retry-after": "7" } }),
      429,
      "backend_overloaded",
      "true",
    ],
    [
      "that cannot remember one more nonce",
      () => {
        const { body } = formatWireFailure({ code: "backend_overloaded", retryAfterSeconds: 7 });
        return Response.json(body, { status: 503, headers: { "retry-after": "7" } });
      },
      429,
      "backend_overloaded",
      "true",
    ],
  ])("%s", async (_, behaviour, status, code, shouldRetry) => {
    backend.behaviour = behaviour;
    const response = await edge.post(await edge.createKey(), { prompt: "apple" });
    expect(response.status).toBe(status);
    expect(response.headers.get("x-should-retry")).toBe(shouldRetry);
    expect(response.headers.get("retry-after")).toBe(status === 429 ? "7" : null);
    expect((await envelopeOf(response))["code"]).toBe(code);
  });
});

describe("what is told to others", () => {
  const prompt = "pangolin playing the theremin";

  test("no log line and no URL holds a prompt or a key, and the backend gets neither", async () => {
    const key = await edge.createKey();
    await edge.generate(key, { prompt, negative_prompt: prompt, response_format: "url" });
    backend.behaviour = "unreachable";
    await edge.post(key, { prompt, seed: 1 });
    await edge.post(key, { prompt, [prompt]: 1 });
    await edge.post(key, `{"prompt":"${prompt}"`);
    const told = [...edge.logLines, ...backend.transcript].join("\n");
    expect(edge.logLines.length).toBeGreaterThan(4);
    for (const word of ["pangolin", "theremin", key, key.slice(3)]) expect(told).not.toContain(word);
  });

  test("a log line says route, status, time and tier", async () => {
    await edge.generate(await edge.createKey(), { prompt: "apple" });
    expect(JSON.parse(edge.logLines.at(-1) ?? "")).toEqual({
      event: "request",
      request_id: expect.stringMatching(/^req_/u),
      method: "POST",
      route: "/v1/images/generations",
      status: 200,
      ms: expect.any(Number),
      tier: "generated",
    });
  });
});
