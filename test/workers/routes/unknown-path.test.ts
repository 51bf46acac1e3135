import { expect, test } from "vitest";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();

async function refusalOf(method: string, path: string) {
  const response = await edge.fetch(path, { method });
  const { error }: { error: { message: string; code: string } } = await response.json();
  return { status: response.status, ...error };
}

test("/v1 says where the API is described", async () => {
  expect(await (await edge.fetch("/v1")).json()).toMatchObject({ documentation: "/docs", openapi: "/openapi.json" });
});

test.each(["/nothing", "/v1/nothing", "/v1/images", "/constructor"])("%s points to the reference", async (path) => {
  expect(await refusalOf("GET", path)).toMatchObject({
    status: 404,
    code: "not_found",
    message: expect.stringContaining("/docs"),
  });
});

test.each(["/images/generations", "/models", "/latents/abc/decode"])(
  "%s is told of the base URL's end",
  async (path) => {
    const { status, message } = await refusalOf("POST", path);
    expect([status, message]).toEqual([404, expect.stringContaining(`Did you mean /v1${path}?`)]);
  },
);
