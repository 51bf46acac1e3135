import { expect, test } from "vitest";
import { imageContentType } from "../../../shared/output-format.ts";
import { decodeTarget, parseDecodeQuery } from "../../../shared/wire/decode.ts";
import { formatServerTiming, parseServerTiming } from "../../../shared/wire/server-timing.ts";

test("what the edge writes into the query the backend reads", () => {
  for (const options of [
    { format: "webp", quality: 0 },
    { format: "jpeg", quality: 85, priority: "batch", deadlineMs: 5_000, jobId: "0123456789abcdef" },
    { format: "png" },
  ] as const) {
    const query = Object.fromEntries(new URL(decodeTarget(options), "http://backend.test").searchParams);
    expect(parseDecodeQuery(query)).toEqual({ ok: true, value: options });
  }
});

test.each<[Record<string, string>, string]>([
  [{}, "format"],
  [{ format: "gif" }, "format"],
  [{ format: "png", quality: "101" }, "quality"],
  [{ format: "png", quality: "1e1" }, "quality"],
  [{ format: "png", quality: "" }, "quality"],
  [{ format: "png", width: "9" }, "width"],
  [{ format: "png", priority: "soon" }, "priority"],
  [{ format: "png", deadlineMs: "0" }, "deadlineMs"],
  [{ format: "png", jobId: "short" }, "jobId"],
])("the query %o is refused, naming the parameter", (query, param) => {
  expect(parseDecodeQuery(query)).toMatchObject({ ok: false, error: { code: "invalid_request", param } });
});

test("a picture's content type is its format's", () => {
  expect(imageContentType("webp")).toBe("image/webp");
});

test("timings survive the way through the header", () => {
  const timings = { queue: 0, "stage-b": 120.25, "stage-a": 14.5, encode: 3 };
  expect(formatServerTiming({ "stage-b": 1.23456 })).toBe("stage-b;dur=1.23");
  expect(parseServerTiming(formatServerTiming(timings))).toEqual(timings);
});

test("a timing header in any other form gives no timings instead of wrong ones", () => {
  for (const header of [null, undefined, "", "db", "db;dur=x", 'db;desc="a";dur=1', "db;dur=-1"]) {
    expect(parseServerTiming(header)).toEqual({});
  }
});
