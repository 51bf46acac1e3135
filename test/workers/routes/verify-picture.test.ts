import { expect, test } from "vitest";
import type { Verification } from "../../../shared/api/verification.ts";
import { verifiedFileBytesMax } from "../../../shared/limits.ts";
import { blankOriginMark, markOrigin, originMarkKey } from "../../../shared/origin-mark.ts";
import { TestEdge } from "../support/test-edge.ts";

const earlier = "a secret of an earlier year, 32 or more";
const edge = new TestEdge({ GPU_BACKEND_SECRETS_BEFORE: [earlier] });

async function fileMarkedBy(secret: string): Promise<Uint8Array<ArrayBuffer>> {
  const file = Uint8Array.from(new TextEncoder().encode(`a picture ${blankOriginMark} of ours`));
  await markOrigin(file, await originMarkKey(secret));
  return file;
}

function verify(body: BodyInit, type = "image/png"): Promise<Response> {
  return edge.fetch("/v1/verify", { method: "POST", headers: { "content-type": type }, body });
}

async function resultOf(body: BodyInit): Promise<Verification> {
  const response = await verify(body);
  expect(response.status).toBe(200);
  expect(response.headers.get("cache-control")).toBe("no-store");
  return response.json();
}

// The tiny bundle marks no pictures.
const mark = { result: "unread", model: null, bits: 32, bits_matched: null, false_positive_probability: null };
const ours = { object: "verification", result: "ours", made_by_ai: true, content_credentials: "absent", mark };

test("a file of ours is known without a key, whichever of our secrets marked it", async () => {
  expect(await resultOf(await fileMarkedBy(edge.env.GPU_BACKEND_SECRET))).toEqual(ours);
  expect(await resultOf(await fileMarkedBy(earlier))).toEqual(ours);
});

test("of a file that was changed, or marked elsewhere, nothing is claimed but that", async () => {
  const file = await fileMarkedBy(edge.env.GPU_BACKEND_SECRET);
  file[0] = 0;
  const altered = { object: "verification", result: "altered", made_by_ai: null, content_credentials: "absent", mark };
  expect(await resultOf(file)).toEqual(altered);
  expect(await resultOf(await fileMarkedBy("the secret of another service, 32"))).toEqual(altered);
});

test("a JPEG of ours is known behind its C2PA manifest, and by no other segment before it", async () => {
  const plain = Uint8Array.from([0xff, 0xd8, ...new TextEncoder().encode(`rest ${blankOriginMark}`)]);
  await markOrigin(plain, await originMarkKey(edge.env.GPU_BACKEND_SECRET));
  const segment = (marker: number) => [0xff, marker, 0, 6, ...new TextEncoder().encode("JP\0\0")];
  const behind = (segments: number[]) => Uint8Array.from([...plain.subarray(0, 2), ...segments, ...plain.subarray(2)]);
  expect(await resultOf(plain)).toEqual(ours);
  const credentials = { content_credentials: "present" };
  expect(await resultOf(behind([...segment(0xeb), ...segment(0xeb)]))).toEqual({ ...ours, ...credentials });
  expect(await resultOf(behind(segment(0xe1)))).toMatchObject({ result: "altered", content_credentials: "absent" });
});

test("of a file without a mark nothing is claimed at all", async () => {
  expect(await resultOf("a photograph")).toEqual({
    object: "verification",
    result: "unmarked",
    made_by_ai: null,
    content_credentials: "absent",
    mark,
  });
});

test("a body that is empty, too large, or no picture by its type is refused", async () => {
  expect((await verify("")).status).toBe(400);
  expect((await verify(new Uint8Array(verifiedFileBytesMax + 1))).status).toBe(413);
  expect((await verify("{}", "application/json")).status).toBe(415);
});

test("who asks too often from one address is told when to come back", async () => {
  const limited = new TestEdge({ LOCATION_LIMITER: { limit: async () => ({ success: false }) } });
  const response = await limited.fetch("/v1/verify", {
    method: "POST",
    headers: { "content-type": "image/png" },
    body: "a",
  });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
});
