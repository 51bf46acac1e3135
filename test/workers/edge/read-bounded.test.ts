import { expect, test } from "vitest";
import { readBounded } from "../../../workers/edge/read-bounded.ts";

/** An answer that never ends, in pieces of a kilobyte, and how many pieces were taken from it. */
function endless() {
  const seen = { pieces: 0, isClosed: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      seen.pieces += 1;
      controller.enqueue(new Uint8Array(1_024));
    },
    cancel() {
      seen.isClosed = true;
    },
  });
  return { response: new Response(body), seen };
}

test("an answer within the bound is read whole", async () => {
  expect(await readBounded(new Response("apple"), 5)).toEqual(new TextEncoder().encode("apple"));
  expect(await readBounded(new Response(null), 5)).toEqual(new Uint8Array());
});

test("an answer without end is dropped at the bound, and its connection closed", async () => {
  const { response, seen } = endless();
  expect(await readBounded(response, 10_240)).toBeUndefined();
  expect(seen.isClosed).toBe(true);
  expect(seen.pieces).toBeLessThan(20);
});

test("an answer that declares more than the bound is not read at all", async () => {
  const { response, seen } = endless();
  const declared = new Response(response.body, { headers: { "content-length": "10241" } });
  expect(await readBounded(declared, 10_240)).toBeUndefined();
  expect(seen.pieces).toBeLessThan(3);
});
