import { AppError } from "../../shared/errors.ts";
import { type Manifest, parseManifest } from "../../shared/models/manifest.ts";

const files = [
  "tokenizer.json",
  "text-encoder.onnx",
  "text-conditioner.onnx",
  "stage-c.onnx",
  "stage-b-conditioner.onnx",
  "stage-b.onnx",
  "stage-a.onnx",
];

/** A valid `model.json` as parsed JSON, fresh at every call, so that a test may break one field of it. */
export function manifestJson() {
  const graph = (file: string) => ({
    file,
    inputs: [{ name: "input", dtype: "float32", shape: ["batch", 3] }],
    outputs: [{ name: "output", dtype: "float32", shape: ["batch", 3] }],
    weights: "float16",
  });
  return {
    format: "wuerstchen-edge/bundle@1",
    id: "emoji-128",
    revision: "r1",
    name: "Emoji 128",
    description: "A bundle for tests.",
    licence: "MIT",
    created: "2026-11-22",
    image: { sizes: ["128x128", "128x64"], sizeDefault: "128x128", channels: 3 },
    latent: { channels: 16, downscale: 16 },
    stageB: { channels: 4, downscale: 4, latentScale: 1 },
    text: { tokensMax: 32, width: 384, specialTokensCount: 2, tokenizer: "tokenizer.json" },
    graphs: {
      textEncoder: graph("text-encoder.onnx"),
      textConditioner: graph("text-conditioner.onnx"),
      stageC: graph("stage-c.onnx"),
      stageBConditioner: graph("stage-b-conditioner.onnx"),
      stageB: graph("stage-b.onnx"),
      stageA: graph("stage-a.onnx"),
    },
    files: Object.fromEntries(files.map((name) => [name, { sha256: "0".repeat(64), bytes: 1 }])),
    sampler: {
      stageC: {
        kind: "ddim",
        steps: { default: 20, min: 1, max: 60 },
        guidanceScale: { default: 4, min: 0, max: 12 },
      },
      stageB: { kind: "ddim", steps: { default: 10, min: 1, max: 30 } },
    },
    schedule: { kind: "cosine", s: 0.008, clampMin: 1e-4, clampMax: 0.9999 },
    timestepEmbedding: { width: 64 },
  };
}

/** The same, checked. */
export function manifestFixture(): Manifest {
  const parsed = parseManifest(manifestJson());
  if (!parsed.ok) throw new AppError(`The manifest fixture is not valid: ${parsed.error.problems.join("; ")}`);
  return parsed.value;
}
