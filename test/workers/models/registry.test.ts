import { expect, test } from "vitest";
import { createModelRegistry } from "../../../workers/models/registry.ts";
import { models, tinyBundle } from "../support/tiny-bundle.ts";

test("a request that names no model, or the one there is, gets it", () => {
  expect(models.find(undefined)).toEqual({ ok: true, value: models.default });
  expect(models.find("tiny")).toEqual({ ok: true, value: models.default });
});

test("another name fails, with the names there are", () => {
  const error = { code: "model_not_found", model: "other", available: ["tiny"] };
  expect(models.find("other")).toEqual({ ok: false, error });
  expect(models.find("")).toMatchObject({ ok: false });
});

test("a bundle whose manifest is not valid is refused with the field that is wrong", () => {
  const broken = { ...Object(tinyBundle.model), revision: 7 };
  expect(() => createModelRegistry({ ...tinyBundle, model: broken })).toThrow(/revision/u);
});

test("an alias is another name of a model, and never hides a model's own id", () => {
  const aliases = new Map([
    ["dall-e-3", "tiny"],
    ["tiny", "tiny"],
  ]);
  const registry = createModelRegistry(tinyBundle, { aliases, unsupportedSizes: "refused" });
  expect(registry.find("dall-e-3")).toEqual({ ok: true, value: registry.default });
  expect(registry.find("dall-e-2")).toMatchObject({ ok: false });
});

test("an alias of a model that is not there is reported at the start", () => {
  const aliases = new Map([["dall-e-3", "tyni"]]);
  expect(() => createModelRegistry(tinyBundle, { aliases, unsupportedSizes: "refused" })).toThrow(/'tyni'.*'tiny'/u);
});
