import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stageCBodyBytesMax } from "../../../shared/limits.ts";
import {
  type Backend,
  cancelDraft,
  decodeDraft,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
});

afterAll(() => backend.stop());

function post(
  target: string,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer> | ReadableStream,
): Promise<Response> {
  // A streamed body has no declared length.
  return fetch(`${backend.url}${target}`, { method: "POST", headers, body, duplex: "half" } as RequestInit);
}

async function codeOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe.each([
  ["POST /stage-c", stageCDraft(tinyRequest)],
  ["POST /decode", decodeDraft(new Uint8Array(64))],
  ["POST /cancel", cancelDraft("a-job-that-never-was")],
])("%s", (_, draft) => {
  const refused = [403, "invalid_signature"];

  test("without a signature is refused", async () => {
    const answer = await post(draft.target, { "content-type": draft.contentType }, draft.body);
    expect(await codeOf(answer)).toEqual(refused);
  });

  test("signed with another secret is refused", async () => {
    expect(await codeOf(await send(backend, { ...draft, secret: "another secret of 32 characters!" }))).toEqual(
      refused,
    );
  });

  test("with another body than was signed is refused", async () => {
    const headers = await signedHeaders(draft);
    const other = Uint8Array.from(draft.body);
    other[0] = 1;
    expect(await codeOf(await post(draft.target, headers, other))).toEqual(refused);
  });

  test("with another query than was signed is refused", async () => {
    const headers = await signedHeaders(draft);
    expect(await codeOf(await post(`${draft.target.split("?")[0]}?format=webp`, headers, draft.body))).toEqual(refused);
  });

  test("sent again is refused", async () => {
    const headers = await signedHeaders(draft);
    const first = await post(draft.target, headers, draft.body);
    expect(first.status).not.toBe(403);
    expect(await codeOf(await post(draft.target, headers, draft.body))).toEqual(refused);
  });

  test("signed two minutes ago is refused", async () => {
    const timestampSeconds = Math.floor(Date.now() / 1000) - 120;
    expect(await codeOf(await send(backend, { ...draft, timestampSeconds }))).toEqual(refused);
  });

  test("with a longer body than the limit is refused, declared or streamed", async () => {
    const body = new Uint8Array(stageCBodyBytesMax + 1);
    const headers = () => signedHeaders({ ...draft, body });
    const tooLarge = [413, "payload_too_large"];
    expect(await codeOf(await post(draft.target, await headers(), body))).toEqual(tooLarge);
    expect(await codeOf(await post(draft.target, await headers(), new Blob([body]).stream()))).toEqual(tooLarge);
  });

  test("of another content type is refused", async () => {
    const answer = await send(backend, { ...draft, contentType: "text/plain" });
    expect(await codeOf(answer)).toEqual([415, "unsupported_media_type"]);
  });

  test("by another method is refused, naming the one that is accepted", async () => {
    const answer = await fetch(`${backend.url}${draft.target}`);
    expect(answer.headers.get("allow")).toBe("POST");
    expect(await codeOf(answer)).toEqual([405, "method_not_allowed"]);
  });
});

test("every answer carries a request id: the caller's, or a new one when that could forge a log line", async () => {
  const idFor = async (id: string) =>
    (await fetch(`${backend.url}/health`, { headers: { "x-request-id": id } })).headers.get("x-request-id");
  expect(await idFor("abc-123")).toBe("abc-123");
  expect(await idFor('"},{"level":60')).toMatch(/^[0-9a-f-]{36}$/u);
});

test("no log line holds token ids, a seed, the secret, a signature or a query of anyone's", async () => {
  const tokenIds = [2, 71, 72, 73, 74, 3];
  const draft = stageCDraft({ ...tinyRequest, tokenIds, seeds: [3_123_456_789] });
  const headers = await signedHeaders(draft);
  await post(draft.target, headers, draft.body);
  await post(draft.target, headers, draft.body);
  await send(backend, stageCDraft({ ...tinyRequest, tokenIds: [2, 7_171_717, 3] }));
  await send(backend, stageCDraft({ ...tinyRequest, prompt: "marker-in-a-prompt" }));
  await fetch(`${backend.url}/marker-in-a-path?q=marker-in-a-query`);

  const lines = backend.lines.join("\n");
  expect(lines).toContain("signature refused");
  expect(lines).toContain('"route":"/stage-c"');
  for (const secret of [
    "71,72",
    "7171717",
    "3123456789",
    "marker-in",
    "a secret for tests",
    ...Object.values(headers),
  ]) {
    if (secret !== "application/json") expect(lines).not.toContain(secret);
  }
});
