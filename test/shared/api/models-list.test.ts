import { expect, test } from "vitest";
import { parseHealth } from "../../../shared/api/health.ts";
import { modelItem } from "../../../shared/api/models-list.ts";
import { manifestFixture } from "../../support/manifest-fixture.ts";

test("a model is listed in OpenAI's shape with all that a valid request needs", () => {
  expect(modelItem(manifestFixture())).toEqual({
    id: "emoji-128",
    object: "model",
    created: 1_795_305_600,
    owned_by: "wuerstchen-edge",
    name: "Emoji 128",
    description: "A bundle for tests.",
    licence: "MIT",
    revision: "r1",
    sizes: ["128x128", "128x64"],
    size_default: "128x128",
    backgrounds: ["opaque"],
    price_factor: 1,
    steps: { default: 20, min: 1, max: 60 },
    guidance_scale: { default: 4, min: 0, max: 12 },
    image_prompts: false,
  });
});

test("another part's health is read, and anything else is not health", () => {
  const health = { status: "ready", model: "emoji-128", revision: "r1" };
  expect(parseHealth(health)).toEqual(health);
  expect(parseHealth({ ...health, status: "fine" })).toBeUndefined();
  expect(parseHealth("ready")).toBeUndefined();
});
