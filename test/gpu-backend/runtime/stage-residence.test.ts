import { expect, test } from "vitest";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { type GraphSetOptions, openGraphs } from "../../../gpu-backend/runtime/graph-set.ts";
import { createStageResidence, type LazyGraph } from "../../../gpu-backend/runtime/stage-residence.ts";
import { float32Tensor, int64Tensor } from "../../../shared/decoding/host-tensor.ts";
import { AppError } from "../../../shared/errors.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

/** A graph of so many bytes that writes down when it is loaded and released. */
function graphOf(name: string, bytes: number, events: string[]): LazyGraph {
  return {
    bytes,
    async load() {
      events.push(`load ${name}`);
      return {
        run: () => Promise.resolve(float32Tensor(Float32Array.of(bytes), [1])),
        release: () => Promise.resolve(void events.push(`release ${name}`)),
      };
    },
  };
}

test("a graph stays loaded until its room is needed, and those used longest ago go first", async () => {
  const events: string[] = [];
  const [a, b, c] = ["a", "b", "c"].map((name) => graphOf(name, 100, events));
  if (!(a && b && c)) throw new Error("unreachable");
  const residence = createStageResidence(250);
  for (const graph of [a, b, a, c, a, b]) await residence.run(graph, {});
  expect(events).toEqual(["load a", "load b", "release b", "load c", "release c", "load b"]);
});

test("a graph larger than the bound runs alone", async () => {
  const events: string[] = [];
  const residence = createStageResidence(0);
  const graphs = ["a", "b"].map((name) => graphOf(name, 100, events));
  await Promise.all(graphs.map((graph) => residence.run(graph, {})));
  expect(events).toEqual(["load a", "release a", "load b"]);
});

test("a graph that cannot be loaded rejects, and the next one runs", async () => {
  const residence = createStageResidence(100);
  const broken: LazyGraph = { bytes: 1, load: () => Promise.reject(new AppError("No such file.")) };
  const runs = await Promise.allSettled([residence.run(broken, {}), residence.run(graphOf("a", 1, []), {})]);
  expect(runs.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
});

test("a bundle's graphs give the same bytes when one is loaded at a time as when all are", async () => {
  const manifest = await readManifest(tinyDirectory);
  const execution = { provider: "cpu", intraOpThreads: 1 } as const;
  const outputs = async (change: Partial<GraphSetOptions>) => {
    const graphs = await openGraphs(manifest, { directory: tinyDirectory, execution, ...change });
    const tokens = { token_ids: int64Tensor([2, 5, 3], [1, 3]), token_mask: int64Tensor([1, 1, 1], [1, 3]) };
    const latent = { stage_c_latent: float32Tensor(new Float32Array(16 * 16).fill(0.5), [1, 16, 4, 4]) };
    // Each of the two is loaded twice.
    const runs = [() => graphs.textEncoder.run(tokens), () => graphs.stageBConditioner.run(latent)];
    return [(await runs[0]?.())?.data, (await runs[1]?.())?.data, (await runs[0]?.())?.data, (await runs[1]?.())?.data];
  };
  expect(await outputs({ residentBytesMax: 0 })).toEqual(await outputs({}));
});
