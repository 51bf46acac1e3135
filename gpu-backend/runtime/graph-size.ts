import type { Manifest, ManifestGraph } from "../../shared/models/manifest.ts";

/** How many bytes of float32 come from one stored byte. */
const bytesFromStored: Readonly<Record<ManifestGraph["weights"], number>> = { float32: 1, float16: 2, int8: 4 };

/** Bytes of a graph once its weights are float32, as the processor computes: its size when it is loaded. */
export function loadedBytes({ files }: Pick<Manifest, "files">, graph: ManifestGraph): number {
  return (files[graph.file]?.bytes ?? 0) * bytesFromStored[graph.weights];
}
