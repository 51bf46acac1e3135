import type { Manifest, ManifestGraph } from "./manifest.ts";

/** How many bytes of float32 come from one stored byte. */
const bytesFromStored: Readonly<Record<ManifestGraph["weights"], number>> = { float32: 1, float16: 2, int8: 1 };

/** How many bytes a weight takes where it is stored. */
const bytesPerWeight: Readonly<Record<ManifestGraph["weights"], number>> = { float32: 4, float16: 2, int8: 1 };

type Files = Pick<Manifest, "files">;

/** A graph's own file and, where its weights lie beside it (ONNX's external data), theirs. */
function graphFiles({ files }: Files, graph: ManifestGraph): Manifest["files"][string][] {
  return [graph.file, `${graph.file}.data`].flatMap((name) => files[name] ?? []);
}

/** What changes with any byte of a graph. */
export function graphDigest(manifest: Files, graph: ManifestGraph): string {
  return graphFiles(manifest, graph)
    .map(({ sha256 }) => sha256)
    .join("-");
}

function storedBytes(manifest: Files, graph: ManifestGraph): number {
  return graphFiles(manifest, graph).reduce((sum, { bytes }) => sum + bytes, 0);
}

/**
 * Bytes of a graph when it is loaded: as float32, which the processor computes with, or on a card as they are stored if
 * the graph computes in half precision.
 */
export function loadedBytes(manifest: Files, graph: ManifestGraph, isOnCard = false): number {
  const isKept = isOnCard && graph.precision === "half";
  return storedBytes(manifest, graph) * (isKept ? 1 : bytesFromStored[graph.weights]);
}

/** The weights of a graph, a little too many: its files hold its nodes too. */
export function weightCount(manifest: Files, graph: ManifestGraph): number {
  return storedBytes(manifest, graph) / bytesPerWeight[graph.weights];
}
