import type { Tier } from "../../shared/api/images-response.ts";
import type { LatentShape } from "../../shared/latents/latent-key.ts";

/**
 * generation: Stage C ran. storage: a new latent is kept. hit: a latent was there. decode: Stages B and A ran. encode:
 * a picture became a latent. interpolation: two latents were mixed. stopped: steps ran until the client left.
 */
export const workKinds = ["generation", "storage", "hit", "decode", "encode", "interpolation", "stopped"] as const;

/** One of `workKinds`. */
type WorkKind = (typeof workKinds)[number];

/** What one kind of work for one picture costs. Amounts are whole micro-USD: a millionth of a dollar. */
export interface ChargeLine {
  readonly kind: WorkKind;
  /** The latent that the work was for: 64 hexadecimal characters. */
  readonly latentId: string;
  readonly microUsd: number;
  /** Whole milliseconds that its graphs ran at the backend; absent where that was not measured. */
  readonly gpuMs?: number | undefined;
  /**
   * Of a hit on a latent that the account itself had made: what making it cost beyond this line. The ledger adds it.
   */
  readonly savedMicroUsd?: number | undefined;
  /** Of such a hit: the `gpuMs` of making the latent. */
  readonly savedGpuMs?: number | undefined;
  /** How the picture was served that the line is charged for; absent where no picture was delivered. */
  readonly tier?: Tier | undefined;
}

/** Prices. A change of any makes a new version, because settlements name the version they were made by. */
const prices = {
  version: 2,
  /** Of one Stage C step on one cell of the latent: 20 steps at 24×24 are some 0.2 cents. */
  generationNanoUsdPerCellStep: 175,
  /** Of decoding a million pixels: 1024×1024 are some 0.05 cents. */
  decodeMicroUsdPerMegapixel: 500,
  /** Of reading a picture and making a latent of it, for a million pixels of the size that is wanted. */
  encodeMicroUsdPerMegapixel: 200,
  /**
   * Of reading a picture of a prompt: by the arithmetic of CLIP's ViT-L/14 (0.3 billion weights at 257 places) a fifth
   * of a guided step of Stable Cascade's Stage C at 24×24, which costs 100.
   */
  imagePromptMicroUsd: 20,
  /** Of mixing two latents: the look-ups of both, and the arithmetic. */
  interpolationMicroUsd: 20,
  /** Of a picture whose latent was there: the look-ups, and keeping it. */
  hitMicroUsd: 20,
  storageMicroUsdPerGibibyteDay: 1_000,
} as const;

/** The version of the prices that everything is charged by now. */
export const priceBookVersion = prices.version;

/** A new latent's storage is paid ahead for so long; after that an operator may let it expire. */
export const storageDaysPaid = 30;

/** Latents are float16. */
const cellBytes = 2;

/** What decides the price of a picture. */
export interface PricedWork {
  /** Those that run: a start of some strength takes a part of what a request names. */
  readonly steps: number;
  /** (channels, height, width) */
  readonly latentShape: LatentShape;
  readonly pixels: number;
  /** How many times the book's price the model's runs cost, as its operator said; absent: once. */
  readonly priceFactor?: number | undefined;
}

/** What it costs to have Stage C make a latent and to keep it. */
export function generationLines(latentId: string, work: PricedWork): ChargeLine[] {
  const [, height, width] = work.latentShape;
  const nanoUsd = work.steps * height * width * prices.generationNanoUsdPerCellStep * factorOf(work);
  const generation = Math.ceil(nanoUsd / 1_000);
  return [{ kind: "generation", latentId, microUsd: generation }, storageLine(latentId, work)];
}

/** What it costs to keep a new latent. */
export function storageLine(latentId: string, { latentShape }: Pick<PricedWork, "latentShape">): ChargeLine {
  const gibibyteDays = (latentBytes(latentShape) * storageDaysPaid) / 2 ** 30;
  return { kind: "storage", latentId, microUsd: Math.ceil(gibibyteDays * prices.storageMicroUsdPerGibibyteDay) };
}

/** What it costs to have a latent made of a picture and to keep it. */
export function encodeLines(latentId: string, work: Omit<PricedWork, "steps">): ChargeLine[] {
  const microUsd = Math.ceil((work.pixels * prices.encodeMicroUsdPerMegapixel * factorOf(work)) / 1_000_000);
  return [{ kind: "encode", latentId, microUsd }, storageLine(latentId, work)];
}

/** What it costs to have a picture of a prompt read, which is not kept. `id`: as of `MadeFrom`. */
export function imagePromptLine(id: string, work: Pick<PricedWork, "priceFactor">): ChargeLine {
  return { kind: "encode", latentId: id, microUsd: Math.ceil(prices.imagePromptMicroUsd * factorOf(work)) };
}

/** What it costs to have two latents mixed and to keep the mix. */
export function interpolationLines(latentId: string, work: Omit<PricedWork, "steps">): ChargeLine[] {
  return [{ kind: "interpolation", latentId, microUsd: prices.interpolationMicroUsd }, storageLine(latentId, work)];
}

/** What a latent is taken to need in the store: its numbers as float16, whatever encoding the backend chose. */
export function latentBytes([channels, height, width]: LatentShape): number {
  return channels * height * width * cellBytes;
}

/**
 * What it costs to be given a latent that was there, or that another request was having made: never more than making
 * it.
 */
export function hitLine(latentId: string, work: PricedWork): ChargeLine {
  const microUsd = Math.min(prices.hitMicroUsd, sumMicroUsd(generationLines(latentId, work)));
  return { kind: "hit", latentId, microUsd };
}

/** What it costs to turn a latent into pixels. */
export function decodeLine(latentId: string, work: Pick<PricedWork, "pixels" | "priceFactor">): ChargeLine {
  const microUsd = Math.ceil((work.pixels * prices.decodeMicroUsdPerMegapixel * factorOf(work)) / 1_000_000);
  return { kind: "decode", latentId, microUsd };
}

/** Of what a graph runs for; looking up and keeping a latent costs the same for all models. */
function factorOf({ priceFactor = 1 }: Pick<PricedWork, "priceFactor">): number {
  return priceFactor;
}

/** What work costs that was stopped because its client left: the part of its steps that had run, and no storage. */
export function stoppedLines(lines: readonly ChargeLine[], doneShare: number): ChargeLine[] {
  return lines
    .filter(({ kind }) => kind !== "storage")
    .map(({ latentId, microUsd }) => ({
      kind: "stopped" as const,
      latentId,
      microUsd: Math.ceil(microUsd * doneShare),
    }))
    .filter(({ microUsd }) => microUsd > 0);
}

/** The most that one picture can cost, whichever tier serves it. */
export function pictureCeilingMicroUsd(work: PricedWork): number {
  return sumMicroUsd([...generationLines("", work), decodeLine("", work)]);
}

/** Graphs that need a GPU, as `server-timing` names them, by the kind of work that they are run for. */
const gpuParts = {
  generation: ["text-encoder", "stage-c"],
  decode: ["stage-b", "stage-a"],
} as const;

/** Lines with the time that their graphs took. `milliseconds`: by part; empty when nothing was measured. */
export function withGpuTime(
  lines: readonly ChargeLine[],
  milliseconds: Readonly<Record<string, number>>,
): readonly ChargeLine[] {
  return lines.map((line) => {
    if (line.kind !== "generation" && line.kind !== "decode") return line;
    const times = gpuParts[line.kind].map((part) => milliseconds[part]).filter((time) => time !== undefined);
    return times.length === 0 ? line : { ...line, gpuMs: Math.round(times.reduce((sum, time) => sum + time, 0)) };
  });
}

/** The lines of pictures or other deliveries, each with the tier by which its picture was served. */
export function deliveredLines(items: readonly DeliveredItem[]): readonly ChargeLine[] {
  return items.flatMap(({ lines, tier }) => (tier === undefined ? lines : lines.map((line) => ({ ...line, tier }))));
}

/** What a request delivers: a picture, which has a tier, or something else. */
export interface DeliveredItem extends Pick<ChargeLine, "tier"> {
  readonly lines: readonly ChargeLine[];
}

/** The sum of some lines. */
export function sumMicroUsd(lines: readonly ChargeLine[]): number {
  return lines.reduce((sum, { microUsd }) => sum + microUsd, 0);
}
