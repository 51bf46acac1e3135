import { createExecutionContext } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { Verification } from "../../../shared/api/verification.ts";
import { pictureBytesMax } from "../../../shared/limits.ts";
import { readMarkPath } from "../../../shared/wire/read-mark.ts";
import { createApp } from "../../../workers/app.ts";
import { createModelRegistry } from "../../../workers/models/registry.ts";
import golden from "../../golden/mark.json" with { type: "json" };
import { TestEdge } from "../support/test-edge.ts";
import { manifest, tinyBundle } from "../support/tiny-bundle.ts";

const { inputs, outputs, mark } = golden;
const markedModel = {
  ...manifest,
  mark,
  graphs: { ...manifest.graphs, mark: { file: "mark.onnx", inputs, outputs, weights: "float32" } },
  files: { ...manifest.files, "mark.onnx": { sha256: "0".repeat(64), bytes: 1 } },
};
const models = createModelRegistry({ ...tinyBundle, model: markedModel });
const unread = { result: "unread", model: null, bits: 32, bits_matched: null, false_positive_probability: null };
let edge: TestEdge;

beforeEach(() => {
  edge = new TestEdge();
});

async function verify(body: BodyInit, of = edge): Promise<Verification> {
  const init = { method: "POST", headers: { "content-type": "image/png", "cf-connecting-ip": "192.0.2.7" }, body };
  const request = new Request("https://edge.test/v1/verify", init);
  const response = await createApp({ ...of.services, models }).fetch(request, of.env, createExecutionContext());
  expect(response.status).toBe(200);
  return response.json();
}

test("a picture whose metadata is gone is known by its mark, and by which model made it", async () => {
  expect(await verify("a marked picture")).toEqual({
    object: "verification",
    result: "unmarked",
    made_by_ai: true,
    content_credentials: "absent",
    mark: {
      result: "found",
      model: "tiny",
      bits: 32,
      bits_matched: 31,
      false_positive_probability: (8 * 33) / 2 ** 32,
    },
  });
  expect(edge.backend.tools).toEqual([readMarkPath]);
  expect(edge.backend.transcript.join()).toContain("priority=batch&deadlineMs=10000");
});

test("a picture without the mark is not called ours, whatever agrees by chance", async () => {
  const { made_by_ai, mark: reading } = await verify("a photograph");
  expect([made_by_ai, reading.result, reading.model, reading.bits_matched]).toEqual([null, "absent", null, 17]);
});

test("what no backend can read, or is too large for one, leaves the rest of the answer as it is", async () => {
  expect((await verify("bad")).mark).toEqual(unread);
  expect((await verify(new Uint8Array(pictureBytesMax + 1))).mark).toEqual(unread);
  edge.backend.behaviour = "unreachable";
  expect(await verify("a marked picture")).toMatchObject({ result: "unmarked", made_by_ai: null, mark: unread });
});

test("an address that asks too often wakes no backend, and still learns what the metadata says", async () => {
  const STRANGER_LIMITER = {
    limit: async ({ key }: { key: string }) => ({ success: key !== "mark:address:192.0.2.7" }),
  };
  const limited = new TestEdge({ STRANGER_LIMITER });
  expect(await verify("a marked picture", limited)).toMatchObject({ result: "unmarked", mark: unread });
  expect(limited.backend.tools).toEqual([]);
});
