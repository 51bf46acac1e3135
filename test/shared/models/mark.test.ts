import { expect, test } from "vitest";
import { parseManifest } from "../../../shared/models/manifest.ts";
import {
  markFalsePositives,
  markFalsePositivesMax,
  markMatches,
  markReadingSizes,
} from "../../../shared/models/mark.ts";
import { manifestJson } from "../../support/manifest-fixture.ts";

const message = "80000001";
const readingOf = (...ones: number[]) => Array.from({ length: 33 }, (_, index) => (ones.includes(index) ? 0.1 : -0.1));

function problemsOf(change: object): readonly string[] {
  const json = manifestJson();
  const port = (name: string, shape: unknown[]) => [{ name, dtype: "float32", shape }];
  const mark = {
    file: "mark.onnx",
    inputs: port("image", ["b", 3, "16*h", "16*w"]),
    outputs: port("reading", ["b", 33]),
    weights: "float32",
  };
  const files = { ...json.files, "mark.onnx": { sha256: "0".repeat(64), bytes: 1 } };
  const code = { kind: "repetition", tilePixels: 16 };
  const stated = { bundle: "emoji-128", message, code, matchesMin: 30 };
  const parsed = parseManifest({ ...json, files, graphs: { ...json.graphs, mark }, mark: stated, ...change });
  return parsed.ok ? [] : parsed.error.problems;
}

test("the first bit of a message is its first digit's highest, and a bit is set where the reading is positive", () => {
  expect(markMatches(message, readingOf(0, 31))).toBe(32);
  expect(markMatches(message, readingOf(0))).toBe(31);
  expect(markMatches(message, readingOf(1, 30))).toBe(28);
  expect(markMatches("ffffffff", [])).toBe(0);
});

test("the chance of an accident is the binomial tail of eight readings", () => {
  expect(markFalsePositives(32)).toBeCloseTo(8 / 2 ** 32, 15);
  expect(markFalsePositives(30)).toBeCloseTo((8 * (1 + 32 + 496)) / 2 ** 32, 15);
  expect(markFalsePositives(30)).toBeLessThanOrEqual(markFalsePositivesMax);
  expect(markFalsePositives(29)).toBeGreaterThan(markFalsePositivesMax);
  expect(markFalsePositives(0)).toBe(1);
});

test("a picture is read as it is and near the sides that the bundle's pictures have, at most eight times", () => {
  const sizes = markReadingSizes({ width: 400, height: 200 }, 128);
  expect(sizes).toHaveLength(8);
  expect(sizes.slice(0, 2)).toEqual([
    { width: 400, height: 200 },
    { width: 128, height: 64 },
  ]);
  expect(markReadingSizes({ width: 128, height: 128 }, 128)).toHaveLength(7);
  expect(Math.min(...markReadingSizes({ width: 1_000, height: 1 }, 128).map(({ height }) => height))).toBe(16);
});

test("a manifest's mark is whole, and never found by accident", () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ mark: undefined })).toEqual(["model.json: mark and graphs.mark need each other"]);
  const easy = { bundle: "emoji-128", message, code: { kind: "repetition", tilePixels: 16 }, matchesMin: 29 };
  expect(problemsOf({ mark: easy })).toEqual([
    "model.json: mark.matchesMin finds marks by chance more often than once in 1000000 pictures",
  ]);
  expect(problemsOf({ mark: { ...easy, message: "no hex" } })[0]).toContain("mark.message");
});
