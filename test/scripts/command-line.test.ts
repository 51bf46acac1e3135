import { describe, expect, test } from "vitest";
import { anyNumber, CommandError, wholeNumber } from "../../scripts/command-line.ts";
import { outputPaths } from "../../scripts/output-paths.ts";

describe("a number on the command line", () => {
  test("is read within its bounds, and may be left out", () => {
    expect(wholeNumber("--n", "10", { min: 1, max: 10 })).toBe(10);
    expect(wholeNumber("--n", undefined, { min: 1, max: 10 })).toBeUndefined();
    expect(anyNumber("--guidance", "3.5", { min: 0, max: 100 })).toBe(3.5);
    expect(anyNumber("--guidance", undefined, { min: 0, max: 100 })).toBeUndefined();
  });

  test.each(["", " ", "x", "1.5", "0", "11", "1e9", "NaN"])("%j is refused where 1 to 10 is asked for", (text) => {
    expect(() => wholeNumber("--n", text, { min: 1, max: 10 })).toThrow(CommandError);
  });

  test.each(["", "x", "Infinity", "-1", "101"])("%j is no number from 0 to 100", (text) => {
    expect(() => anyNumber("--guidance", text, { min: 0, max: 100 })).toThrow(CommandError);
  });
});

describe("the output file", () => {
  test("says the format by its extension, in either case", () => {
    const formats = ["a.png", "a.JPG", "a.jpeg", "a.webp"].map((file) => outputPaths(file, 1).format);
    expect(formats).toEqual(["png", "jpeg", "jpeg", "webp"]);
  });

  test("is numbered before its extension when there are several", () => {
    expect(outputPaths("out/apple.png", 3).paths).toEqual(["out/apple-1.png", "out/apple-2.png", "out/apple-3.png"]);
    expect(outputPaths("apple.png", 1).paths).toEqual(["apple.png"]);
  });

  test.each(["apple", "apple.gif", ".png"])("%s is refused", (file) => {
    expect(() => outputPaths(file, 1)).toThrow(CommandError);
  });
});
