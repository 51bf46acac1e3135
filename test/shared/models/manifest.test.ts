import { describe, expect, test } from "vitest";
import { parseManifest, textPositions } from "../../../shared/models/manifest.ts";
import { manifestFixture, manifestJson } from "../../support/manifest-fixture.ts";
import tinyManifest from "../../support/models/tiny/model.json" with { type: "json" };

type Json = ReturnType<typeof manifestJson>;

function problemsAfter(breakIt: (json: Json) => void): string {
  const json = manifestJson();
  breakIt(json);
  const result = parseManifest(json);
  return result.ok ? "accepted" : result.error.problems.join("\n");
}

test("a sound manifest is accepted as it stands", () => {
  const result = parseManifest(manifestJson());
  expect(result).toMatchObject({ ok: true, value: manifestJson() });
});

test("a manifest of before the released models reads as one whose latents are stored as they are sampled", () => {
  const { latent } = manifestFixture();
  expect(latent).toMatchObject({ scale: 1, offset: 0 });
  expect(textPositions(manifestFixture())).toBe(33);
});

test("what the released models do differently is accepted as it stands", () => {
  const json = manifestJson();
  const released = {
    ...json,
    family: "wuerstchen-v2",
    latent: { ...json.latent, downscale: 42.67, scale: 42, offset: -1 },
    text: { ...json.text, tokensMax: 77, positions: 77, padTokenId: 49_407 },
    sampler: {
      ...json.sampler,
      stageC: {
        ...json.sampler.stageC,
        prediction: "v_prediction",
        steps: { default: 3, min: 1, max: 60 },
        timesteps: [1, 0.9, 0.6, 0],
      },
      stageB: { ...json.sampler.stageB, prediction: "sample" },
    },
  };
  expect(parseManifest(released)).toEqual({ ok: true, value: released });
});

test("a Stage B that reads prompts is accepted with its graph, and without guidance unless it says so", () => {
  const json = manifestJson();
  const text = { emptyTokenIds: [49_406, 49_407], padTokenId: 0 };
  const reads = {
    ...json,
    stageB: { ...json.stageB, text },
    graphs: { ...json.graphs, stageBText: json.graphs.stageA },
  };
  expect(parseManifest(reads)).toMatchObject({ ok: true, value: { stageB: { text: { ...text, guidanceScale: 0 } } } });
});

test("the manifest that the exporter writes is accepted", () => {
  expect(parseManifest(tinyManifest)).toMatchObject({ ok: true, value: { graphs: tinyManifest.graphs } });
});

test("fields that a newer exporter adds are ignored", () => {
  expect(parseManifest({ ...manifestJson(), invented: 1 }).ok).toBe(true);
});

describe("a manifest is refused, naming the field,", () => {
  test.each<[string, (json: Json) => void, RegExp]>([
    ["when its format is another", (json) => (json.format = "other@1"), /^format: /u],
    [
      "when Stage A's picture has other channels than it says",
      (json) => (json.image.channels = 4),
      /graphs\.stageA\.outputs has 3 channels/u,
    ],
    ["when its default size is not offered", (json) => (json.image.sizeDefault = "1x1"), /image\.sizeDefault/u],
    ["when a size is no size", (json) => json.image.sizes.push("0x64"), /^image\.sizes\.2: .*WIDTHxHEIGHT/u],
    ["when a size is beyond all memory", (json) => json.image.sizes.push("9000x64"), /^image\.sizes\.2: .*4096/u],
    [
      "when its range of sides is upside down",
      (json) => Object.assign(json.image, { sides: { min: 128, max: 64, multipleOf: 32 } }),
      /^image\.sides: /u,
    ],
    [
      "when two sizes would have one latent",
      (json) => Object.assign(json.image, { sides: { min: 64, max: 128, multipleOf: 8 } }),
      /multipleOf is below latent\.downscale/u,
    ],
    [
      "when a size does not lie on the grid of its range",
      (json) =>
        Object.assign(json.image, { sizes: ["128x128", "80x64"], sides: { min: 64, max: 128, multipleOf: 32 } }),
      /image\.sizes holds 80x64/u,
    ],
    [
      "when a graph's file is not listed",
      (json) => (json.graphs.stageC.file = "c.onnx"),
      /files does not list c\.onnx/u,
    ],
    ["when the tokenizer is not listed", (json) => (json.text.tokenizer = "t.json"), /files does not list t\.json/u],
    [
      "when a default is out of its range",
      (json) => (json.sampler.stageC.steps.default = 61),
      /^sampler\.stageC\.steps: /u,
    ],
    ["when no token is left for a prompt", (json) => (json.text.specialTokensCount = 32), /text\.tokensMax/u],
    ["when the schedule's clamps cross", (json) => (json.schedule.clampMin = 1), /schedule\.clampMin/u],
    [
      "when a digest is no digest",
      (json) => (json.files["stage-a.onnx"] = { sha256: "0", bytes: 1 }),
      /stage-a\.onnx/u,
    ],
    [
      "when a graph does not say how its weights are stored",
      (json) => (json.graphs.stageB.weights = "float8"),
      /^graphs\.stageB\.weights: /u,
    ],
    [
      "when an axis is no name, number or function of a name",
      (json) => (json.graphs.stageC.inputs = [{ name: "x", dtype: "float32", shape: ["b", "h*4"] }]),
      /^graphs\.stageC\.inputs\.0\.shape\.1: /u,
    ],
    [
      "when prompts may hold pictures that no graph reads",
      (json) => Object.assign(json, { imagePrompts: { encoder: "one" } }),
      /imagePrompts, graphs\.imageEncoder/u,
    ],
    [
      "when Stage B reads prompts that no graph prepares",
      (json) => Object.assign(json.stageB, { text: { emptyTokenIds: [1], padTokenId: 0 } }),
      /stageBText/u,
    ],
    ["when a graph is missing", (json) => Reflect.deleteProperty(json.graphs, "textConditioner"), /textConditioner/u],
    [
      "when Stage C has fewer positions than tokens",
      (json) => Object.assign(json.text, { positions: 31 }),
      /text\.positions/u,
    ],
    ["when the latent's scale is nought", (json) => Object.assign(json.latent, { scale: 0 }), /^latent\.scale: /u],
    ...[
      [1, 0.5, 0],
      [0.9, 0.5, 0.25, 0],
      [1, 0.5, 0.5, 0],
      [1, 0.5, 0.25, -0.1],
    ].map((timesteps): [string, (json: Json) => void, RegExp] => [
      `when times are ${timesteps.join(", ")} for three steps`,
      (json) => Object.assign(json.sampler.stageC, { steps: { default: 3, min: 1, max: 60 }, timesteps }),
      /sampler\.stageC\.timesteps/u,
    ]),
    [
      "when the frequencies do not fit the width",
      (json) => Object.assign(json.timestepEmbedding, { frequencies: [1] }),
      /timestepEmbedding\.frequencies/u,
    ],
  ])("%s", (_, breakIt, problem) => {
    expect(problemsAfter(breakIt)).toMatch(problem);
  });

  test.each(["../etc/passwd", "a/b.onnx", "/a.onnx", ".hidden", "", "a\\b"])("when a file is called %o", (name) => {
    expect(problemsAfter((json) => (json.graphs.stageA.file = name))).toMatch(/^graphs\.stageA\.file: /u);
  });

  test("when it is no object at all", () => {
    expect(parseManifest("text")).toMatchObject({ ok: false });
  });
});
