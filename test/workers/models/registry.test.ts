import { expect, test } from "vitest";
import { createModelRegistry } from "../../../workers/models/registry.ts";
import { manifest, models, tinyBundle } from "../support/tiny-bundle.ts";

test("a request that names no model, or the one there is, gets it", async () => {
  for (const name of [undefined, "tiny", `tiny@${manifest.revision}`]) {
    expect(await models.find(name)).toEqual({ ok: true, value: models.default });
  }
});

test("another name fails, with the names there are", async () => {
  const error = { code: "model_not_found", model: "other", available: ["tiny"] };
  expect(await models.find("other")).toEqual({ ok: false, error });
  expect(await models.find("tiny@other")).toMatchObject({ ok: false });
});

test("a bundle whose manifest is not valid is refused with the field that is wrong", () => {
  const broken = { ...Object(tinyBundle.model), revision: 7 };
  expect(() => createModelRegistry({ ...tinyBundle, model: broken })).toThrow(/revision/u);
});

test("an alias is another name of a model, and never hides a model's own id", async () => {
  const aliases = new Map([
    ["dall-e-3", "tiny"],
    ["tiny", "tiny"],
  ]);
  const registry = createModelRegistry(tinyBundle, { aliases, unsupportedSizes: "refused" });
  expect(await registry.find("dall-e-3")).toEqual({ ok: true, value: registry.default });
  expect(await registry.find("dall-e-2")).toMatchObject({ ok: false });
});

test("an alias of a model that is not there is refused by the alias, until the model is added", async () => {
  const aliases = new Map([["dall-e-3", "later"]]);
  const registry = createModelRegistry(tinyBundle, { aliases, unsupportedSizes: "refused" });
  const error = { code: "model_not_found", model: "dall-e-3", aliasOf: "later", available: ["tiny"] };
  expect(await registry.find("dall-e-3")).toEqual({ ok: false, error });
});
