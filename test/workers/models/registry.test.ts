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
