import { expect, test } from "vitest";
import { formatBacklog, parseBacklog } from "../../../shared/wire/backlog.ts";

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
