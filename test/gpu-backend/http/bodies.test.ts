import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pictureBytesMax } from "../../../shared/limits.ts";
import {
  type Backend,
  cancelDraft,
  type Draft,
  metricOf,
  pictureDraft,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";
import { sendUnfinished, type Unfinished } from "../../support/unfinished-request.ts";

const budgetMegabytes = 34;
const patience = 180_000;

let backend: Backend;
/** Closes a connection on which a request takes longer than a second to arrive. */
let hasty: Backend;

beforeAll(async () => {
  backend = await startBackend({ BODY_MEGABYTES_MAX: String(budgetMegabytes), BODY_SECONDS_MAX: "3600" });
  hasty = await startBackend({ BODY_SECONDS_MAX: "1" });
}, patience);

afterAll(() => Promise.all([backend.stop(), hasty.stop()]));

const residentBytes = () => metricOf(backend, "process_resident_memory_bytes");

const largest: Draft = pictureDraft("/encode-image", new Uint8Array(pictureBytesMax));

function unfinished(draft: Draft, headers: Record<string, string>, localAddress = "127.0.0.1"): Unfinished {
  return sendUnfinished({ url: `${backend.url}${draft.target}`, headers, bytes: draft.body.length, localAddress });
}

describe("a stranger's body", () => {
  test("is not read: 105 unfinished ones of 8 MiB are refused at once, and cost no memory", async () => {
    const before = await residentBytes();
    const requests = Array.from({ length: 105 }, () => unfinished(largest, { "content-type": largest.contentType }));
    const statuses = await Promise.all(requests.map(({ status }) => status));
    const growth = (await residentBytes()) - before;
    for (const { leave } of requests) leave();
    // A connection that is reset while it is still being written to may lose its answer.
    expect(statuses.every((status) => status === 403 || status === undefined)).toBe(true);
    expect(statuses).toContain(403);
    expect(growth).toBeLessThan(100 * 2 ** 20);
  }, 60_000);

  test.each(["/stage-c", "/decode", "/cancel", "/encode-image", "/encode-mask"])(
    "is refused before it is there on %s, without a signature and with a broken one",
    async (path) => {
      const draft: Draft = { ...stageCDraft({}), target: path, body: new Uint8Array(4_096) };
      const broken = { ...(await signedHeaders(draft)), "x-wuerstchen-signature": "0".repeat(64) };
      for (const headers of [{ "content-type": draft.contentType }, broken]) {
        const request = unfinished(draft, headers);
        expect(await request.status).toBe(403);
        request.leave();
      }
    },
  );

  test("whose digest was signed is refused when its bytes are others", async () => {
    const draft = cancelDraft("a-job-that-never-was");
    const headers = await signedHeaders(draft);
    const body = Uint8Array.from(draft.body, (byte, index) => (index === 12 ? byte ^ 1 : byte));
    const answer = await fetch(`${backend.url}${draft.target}`, { method: "POST", headers, body });
    expect(answer.status).toBe(403);
  });
});

/** Waits until the backend has this many bodies under way, by asking for one more until it is refused. */
async function untilRefused(draft: Draft): Promise<void> {
  for (let answer = 0; answer !== 429; await nextTurn()) answer = (await send(backend, draft)).status;
}

test("bodies under way are bounded, of one address more tightly than of all, and their room is given back", async () => {
  const probe = cancelDraft("a-job-that-never-was");
  const fillers = await Promise.all(
    Array.from({ length: 2 }, async () => unfinished(largest, await signedHeaders(largest), "127.0.0.2")),
  );
  const surplus = unfinished(largest, await signedHeaders(largest), "127.0.0.2");
  const statuses = await Promise.race([surplus.status, ...fillers.map(({ status }) => status)]);
  expect(statuses).toBe(429);
  // Whoever comes from elsewhere is served meanwhile.
  expect((await send(backend, probe)).status).toBe(200);

  const others = await Promise.all(
    Array.from({ length: 2 }, async () => unfinished(largest, await signedHeaders(largest), "127.0.0.3")),
  );
  await untilRefused(pictureDraft("/encode-mask", new Uint8Array(pictureBytesMax)));
  for (const { leave } of [...fillers, surplus, ...others]) leave();
  for (let answer = 0; answer !== 400; await nextTurn()) answer = (await send(backend, largest)).status;
}, 60_000);

test("a body that takes too long to arrive ends with 408, and the server goes on", async () => {
  const draft = pictureDraft("/encode-image", new Uint8Array(70_000));
  const slow = sendUnfinished({
    url: `${hasty.url}${draft.target}`,
    headers: await signedHeaders(draft),
    bytes: draft.body.length,
  });
  expect(await slow.status).toBe(408);
  expect((await send(hasty, stageCDraft(tinyRequest))).status).toBe(200);
  expect(hasty.logged("unhandled")).toEqual([]);
});

test(
  "12,500 signed requests in less than a minute are all accepted: more than the guard against replays once held",
  async () => {
    let left = 12_500;
    const statuses = new Set<number>();
    async function caller(): Promise<void> {
      while (left > 0) {
        left -= 1;
        const answer = await send(backend, cancelDraft("a-job-that-never-was"));
        statuses.add(answer.status);
        await answer.arrayBuffer();
      }
    }
    await Promise.all(Array.from({ length: 16 }, caller));
    expect([...statuses]).toEqual([200]);
  },
  patience,
);
