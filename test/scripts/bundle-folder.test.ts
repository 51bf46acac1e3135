import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleFolder } from "../../scripts/bundle-folder.ts";
import { CommandError } from "../../scripts/command-line.ts";
import { modelsDirectory, tinyDirectory } from "../support/tiny-bundle.ts";

const root = join(import.meta.dirname, "../..");
const embedded = join(root, "gpu-backend/models/emoji-128");

test("a bundle is found by its folder, by its id, or by the backend's own variables, and else is the embedded one", () => {
  const elsewhere = { MODELS_DIR: modelsDirectory, MODEL_ID: "tiny" };
  expect(bundleFolder(root, {}, {})).toBe(embedded);
  expect(bundleFolder(root, {}, elsewhere)).toBe(tinyDirectory);
  expect(bundleFolder(root, { model: "tiny" }, { ...elsewhere, MODEL_ID: "other" })).toBe(tinyDirectory);
  expect(bundleFolder(root, { model: "emoji-128" }, { MODEL_ID: "tiny" })).toBe(embedded);
  expect(bundleFolder(root, { bundle: tinyDirectory }, { MODEL_ID: "other" })).toBe(tinyDirectory);
});

test("a bundle that is not there is refused with those that are", () => {
  const missing = () => bundleFolder(root, { model: "missing" }, { MODELS_DIR: modelsDirectory });
  expect(missing).toThrow(CommandError);
  expect(missing).toThrow(/missing.*--model takes one of:.* tiny\b/u);
});

test("two names at once are refused", () => {
  expect(() => bundleFolder(root, { bundle: tinyDirectory, model: "tiny" }, {})).toThrow(/Give one/u);
});
