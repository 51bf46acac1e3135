import { afterEach, describe, expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const edge = new TestEdge();
const ready = edge.backend.health;

afterEach(() => {
  edge.backend.behaviour = "works";
  edge.backend.health = ready;
  // An isolate answers from what it knows for five seconds.
  edge.nowMs += 5_000;
});

describe("GET /v1/health", () => {
  test("is ready when the backend has the edge's own model", async () => {
    const response = await edge.fetch("/v1/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "ready",
      model: manifest.id,
      revision: manifest.revision,
      parts: { edge: "ready", backend: "ready" },
    });
  });

  test.each([
    ["starting", { status: "starting", model: manifest.id, revision: manifest.revision }],
    ["other_model", { status: "ready", model: manifest.id, revision: "another" }],
    ["unreachable", "not a health report"],
  ])("is 503 and names the part when the backend is %s", async (backend, health) => {
    edge.backend.health = health;
    const response = await edge.fetch("/v1/health");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: "starting", parts: { edge: "ready", backend } });
  });

  test("is 503 and names the part when nobody answers", async () => {
    edge.backend.behaviour = "unreachable";
    expect(await (await edge.fetch("/v1/health")).json()).toMatchObject({ parts: { backend: "unreachable" } });
  });
});

describe("GET /v1/models", () => {
  const item = {
    id: "tiny",
    object: "model",
    owned_by: "wuerstchen-edge",
    sizes: ["64x64"],
    steps: { default: 6, min: 1, max: 100 },
    guidance_scale: { default: 3, min: 1, max: 15 },
  };

  test("lists the model in OpenAI's shape, with sizes and ranges, to anybody", async () => {
    const list: { data: unknown[] } = await (await edge.fetch("/v1/models")).json();
    expect(list).toMatchObject({ object: "list", data: [item] });
  });

  test("tells one model, and 404 for another", async () => {
    expect(await (await edge.fetch("/v1/models/tiny")).json()).toMatchObject(item);
    const response = await edge.fetch("/v1/models/dall-e-3");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "model_not_found" } });
  });
});

describe("a browser on another site", () => {
  test("may call with a key and any headers of its client, but never with cookies", async () => {
    const response = await edge.fetch("/v1/images/generations", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-lang",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-methods")).toContain("POST");
    expect(response.headers.get("access-control-allow-headers")).toContain("x-stainless-lang");
    expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  });

  test("may read our headers", async () => {
    const response = await edge.fetch("/v1/models");
    expect(response.headers.get("access-control-expose-headers")).toBe("*");
  });
});
