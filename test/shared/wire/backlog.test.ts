import { expect, test } from "vitest";
import { formatBacklog, parseBacklog } from "../../../shared/wire/backlog.ts";
import { formatModels, parseModels } from "../../../shared/wire/models-header.ts";

test.each([
  [0, 0],
  [12.1, 13],
  [1e12, 86_400_000],
])("%d milliseconds come through as %d", (sent, read) => {
  expect(parseBacklog(formatBacklog(sent))).toBe(read);
});

test.each([null, "", "-1", "1e3", "1.5", "999999999", "soon"])("%o is no backlog", (header) => {
  expect(parseBacklog(header)).toBeUndefined();
});

test("the models of a backend come through with those that are loaded first, but for names that no header can hold", () => {
  const header = formatModels({ held: ["a1", "b2", "with, comma", "c@3"], warm: ["c@3"] });
  expect(header).toBe("c@3;warm, a1, b2");
  expect(parseModels(header)).toEqual({ held: ["c@3", "a1", "b2"], warm: ["c@3"] });
  expect(parseModels(null)).toBeUndefined();
  expect(parseModels("")).toEqual({ held: [], warm: [] });
});

test("a backend of a thousand models tells of those that fit a header, whole, the loaded ones first", () => {
  const held = Array.from({ length: 1_000 }, (_, index) => index.toString(16).padStart(16, "0"));
  const warm = held.slice(-3);
  const header = formatModels({ held, warm });
  expect(header.length).toBeLessThanOrEqual(4_096);
  const read = parseModels(header);
  expect(read?.warm).toEqual(warm);
  expect(read?.held.slice(3)).toEqual(held.slice(0, (read?.held.length ?? 0) - 3));
  expect(read?.held.length).toBeGreaterThan(200);
});
