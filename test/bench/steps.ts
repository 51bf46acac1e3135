import type { GraphSet } from "../../gpu-backend/runtime/graph-set.ts";
import type { NamedTensors } from "../../gpu-backend/runtime/port-check.ts";
import { float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { type Manifest, type ManifestGraph, textPositions } from "../../shared/models/manifest.ts";

/** Runs that one measurement is the mean of. */
const timedRuns = 8;

/** Cells a side of the default size's Stage C latent. */
export function latentSideOf(manifest: Manifest): number {
  const shape = latentShapeFor(manifest);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  return shape.value[1];
}

/** A measurement of one step of a sampler with so many rows, in milliseconds: the mean of some runs after one more. */
export function stepOf(
  manifest: Manifest,
  graphs: GraphSet,
  name: "stageC" | "stageB",
  rows: number,
): () => Promise<number> {
  const inputs = exampleInputs(manifest, manifest.graphs[name], rows);
  return async () => {
    await graphs[name].run(inputs);
    const start = performance.now();
    for (let run = 0; run < timedRuns; run += 1) await graphs[name].run(inputs);
    return (performance.now() - start) / timedRuns;
  };
}

/** Any values: they do not change how long a step takes. */
function exampleInputs(manifest: Manifest, graph: ManifestGraph, rows: number): NamedTensors {
  const latentSide = latentSideOf(manifest);
  const stageBSide = Math.round((latentSide * manifest.latent.downscale) / manifest.stageB.downscale);
  const side = graph === manifest.graphs.stageC ? latentSide : stageBSide;
  // The latent comes first; the other inputs' sides count in its units, as in "2*h".
  const unit = side / factorAndLetter(graph.inputs[0]?.shape[2] ?? "h")[0];
  const lengths = new Map(Object.entries({ b: rows, t: textPositions(manifest), h: unit, w: unit }));
  const entries = graph.inputs.map(({ name, shape }) => {
    const sides = shape.map((axis) => {
      if (typeof axis === "number") return axis;
      const [factor, letter] = factorAndLetter(axis);
      return factor * (lengths.get(letter) ?? 1);
    });
    const length = sides.reduce((product, count) => product * count, 1);
    const values = Float32Array.from({ length }, (_, index) => Math.sin(index));
    return [name, float32Tensor(values, sides)] as const;
  });
  return Object.fromEntries(entries);
}

function factorAndLetter(axis: string | number): readonly [factor: number, letter: string] {
  const [letter = "", factor = "1"] = String(axis).split("*").toReversed();
  return [Number(factor), letter];
}
