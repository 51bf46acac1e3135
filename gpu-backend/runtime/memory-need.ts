import { loadedBytes } from "../../shared/models/graph-size.ts";
import type { Manifest } from "../../shared/models/manifest.ts";

/** Of a lane before it has loaded a graph: Node, ONNX Runtime and sharp. */
const processBytes = 110e6;

/** Weights are laid out anew for the processor, some of them beside the ones that were read. */
const residentFactor = 1.25;

/** What loading takes on top, of the graph that is being loaded. */
const loadingFactor = 0.75;

/**
 * Why a bundle cannot be loaded on the processor with so many bytes free, with the numbers and what to do; undefined
 * when it can. `residentBytesMax`: how much of it may be loaded at a time. Measured factors: docs/performance.md.
 */
export function memoryFault(manifest: Manifest, residentBytesMax: number, availableBytes: number): string | undefined {
  const { total, largest, resident } = graphBytes(manifest, residentBytesMax);
  const needed = processBytes + residentFactor * resident + loadingFactor * largest;
  if (needed <= availableBytes) return undefined;
  const least = processBytes + (residentFactor + loadingFactor) * largest;
  const fix =
    least <= availableBytes
      ? "STAGES_RESIDENT=0 loads one stage at a time"
      : `even one stage at a time (STAGES_RESIDENT=0) would need ${megabytes(least)}`;
  return [
    `${manifest.id} needs ${megabytes(needed)} of memory, but ${megabytes(availableBytes)} are available.`,
    `Its weights are ${megabytes(total)} as float32, of which ${megabytes(resident)} are to be loaded at a time`,
    `(× ${residentFactor}, and ${loadingFactor} of the largest graph's ${megabytes(largest)} while it loads); ${fix}.`,
  ].join(" ");
}

/** What CUDA takes of a card for a process, before any weight: by NVIDIA's figures, and not measured here. */
const cardContextBytes = 400e6;

/** As `memoryFault`, on a card: its weights and CUDA's own part, which is the least that it can need. */
export function cardMemoryFault(
  manifest: Manifest,
  residentBytesMax: number,
  availableBytes: number,
): string | undefined {
  const { total, largest, resident } = graphBytes(manifest, residentBytesMax, true);
  const needed = cardContextBytes + resident;
  if (needed <= availableBytes) return undefined;
  const ways = [
    ...(cardContextBytes + largest <= availableBytes ? ["STAGES_RESIDENT=0 loads one stage at a time"] : []),
    ...(isHalf(manifest) ? [] : ["an import with --precision half takes half of it"]),
  ];
  return [
    `${manifest.id} needs at least ${megabytes(needed)} of the card's memory, but ${megabytes(availableBytes)} are free.`,
    `Its weights take ${megabytes(total)} there, of which ${megabytes(resident)} are to be loaded at a time`,
    `(${megabytes(cardContextBytes)} are CUDA's own)${ways.length === 0 ? "" : `; ${ways.join(", or ")}`}.`,
  ].join(" ");
}

function isHalf({ graphs }: Manifest): boolean {
  return Object.values(graphs).some((graph) => graph?.precision === "half");
}

/** Bytes of a bundle's graphs when loaded: all of them, the largest, and those loaded at a time, one at least. */
export function graphBytes(manifest: Manifest, residentBytesMax: number, isOnCard = false) {
  const sizes = Object.values(manifest.graphs).map((graph) => (graph ? loadedBytes(manifest, graph, isOnCard) : 0));
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
  const largest = Math.max(...sizes);
  return { total, largest, resident: Math.max(Math.min(total, residentBytesMax), largest) };
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
