import type { Tier } from "../../shared/api/images-response.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { allOf, ok, type Result } from "../../shared/result.ts";
import type { Milliseconds } from "../gpu/gpu-client.ts";
import type { CachedImage, ImageCache } from "../images/image-cache.ts";
import {
  type ChargeLine,
  decodeLine,
  hitLine,
  type PricedWork,
  stoppedLines,
  withGpuTime,
} from "../prices/price-book.ts";
import type { DecodeRuns } from "../single-flight/client.ts";
import {
  type LatentSources,
  obtainLatent,
  type PayingRequest,
  type PictureLatent,
  type WantedLatent,
} from "./obtain-latent.ts";
import type { GenerationPlan, PlannedPicture } from "./plan-generation.ts";

/** One finished picture. */
export interface Picture {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly seed: number;
  readonly latentId: string;
  readonly tier: Tier;
  /** Whether it shows another prompt, that is nearly the same. */
  readonly isSimilar: boolean;
  /** Whole seconds since its latent was stored. */
  readonly ageSeconds: number;
  readonly milliseconds: Milliseconds;
  /** The work that was done for this very request. */
  readonly lines: readonly ChargeLine[];
}

/** What looking up and making pictures takes. */
export interface PictureSources extends LatentSources {
  readonly images: ImageCache;
  readonly decodeRuns: DecodeRuns;
}

/** The file of one picture at this location, as it was looked up. */
export interface EdgeFile {
  readonly file: CachedImage | undefined;
  readonly milliseconds: Milliseconds;
}

/** Latent id → what this location holds of its picture. */
export type EdgeFiles = ReadonlyMap<string, EdgeFile>;

/** Looks up the files of pictures at this location. Runs nothing and charges nobody. */
export async function lookUpFiles(
  sources: Pick<PictureSources, "images" | "nowMs">,
  decode: DecodeOptions,
  pictures: readonly Pick<PlannedPicture, "latentId">[],
): Promise<EdgeFiles> {
  const files = pictures.map(async ({ latentId }) => [latentId, await lookUpFile(sources, decode, latentId)] as const);
  return new Map(await Promise.all(files));
}

async function lookUpFile(
  { images, nowMs }: Pick<PictureSources, "images" | "nowMs">,
  decode: DecodeOptions,
  latentId: string,
): Promise<EdgeFile> {
  const startedMs = nowMs();
  const file = await images.find(latentId, decode);
  return { file, milliseconds: { "image-lookup": nowMs() - startedMs } };
}

/** A picture whose file this location holds. Only the account knows whether its latent is stored, and since when. */
export type FoundPicture = Omit<Picture, "ageSeconds">;

/** All pictures of a plan, if each was found. Else undefined. */
export function foundPictures({ pictures, work }: GenerationPlan, files: EdgeFiles): FoundPicture[] | undefined {
  const found = pictures.map(({ seed, latentId }) => {
    const { file, milliseconds = {} } = files.get(latentId) ?? {};
    const lines = [hitLine(latentId, work)];
    return file && { seed, latentId, bytes: file.bytes, tier: "image" as const, isSimilar: false, milliseconds, lines };
  });
  return found.every((picture) => picture !== undefined) ? found : undefined;
}

/** A plan, and what was looked up of its pictures, if anything was. */
export interface WantedPictures extends Omit<WantedLatent, "picture"> {
  readonly files?: EdgeFiles | undefined;
}

/** All pictures of a plan. Latents first: while one cannot be made, no decode is begun that nobody would see. */
export async function obtainPictures(
  sources: PictureSources,
  { plan, startOf, files }: WantedPictures,
  payer: PayingRequest,
): Promise<Result<readonly Picture[], Failure>> {
  const latents = allOf(
    await Promise.all(plan.pictures.map((picture) => obtainLatent(sources, { plan, picture, startOf }, payer))),
  );
  return latents.ok ? paintLatents(sources, { plan, latents: latents.value, files }, payer) : latents;
}

/** What decides how a latent is painted, and what that costs. */
export interface Painting {
  readonly decode: DecodeOptions;
  readonly work: Pick<PricedWork, "pixels" | "priceFactor">;
}

/** Latents that are at hand, and what was looked up of their pictures, if anything was. */
export interface PaintedLatents {
  readonly plan: Painting;
  readonly latents: readonly PictureLatent[];
  readonly files?: EdgeFiles | undefined;
}

/** The pictures of latents that are at hand. */
export async function paintLatents(
  sources: PictureSources,
  { plan, latents, files }: PaintedLatents,
  payer: PayingRequest,
): Promise<Result<readonly Picture[], Failure>> {
  const painted = latents.map((latent) =>
    obtainPicture(sources, { plan, latent, known: files?.get(latent.latentId) }, payer),
  );
  return allOf(await Promise.all(painted));
}

/** The pictures of latents that are at hand, if this location holds the file of each. Else undefined. */
export function picturesAtHand({ plan, latents, files }: PaintedLatents): readonly Picture[] | undefined {
  const found = latents.map((latent) => {
    const { file } = files?.get(latent.latentId) ?? {};
    return file && picture({ plan, latent, decoded: false }, { bytes: file.bytes, milliseconds: latent.milliseconds });
  });
  return found.every((shown) => shown !== undefined) ? found : undefined;
}

/** A latent that was just made has no picture yet; for any other, this location may hold one. */
async function obtainPicture(
  sources: PictureSources,
  {
    plan,
    latent,
    known,
  }: { readonly plan: Painting; readonly latent: PictureLatent; readonly known?: EdgeFile | undefined },
  payer: PayingRequest,
): Promise<Result<Picture, Failure>> {
  const { latentId } = latent;
  const lookUp = known ?? (latent.generated ? undefined : await lookUpFile(sources, plan.decode, latentId));
  const milliseconds = { ...latent.milliseconds, ...lookUp?.milliseconds };
  if (lookUp?.file !== undefined) {
    return ok(picture({ plan, latent, decoded: false }, { bytes: lookUp.file.bytes, milliseconds }));
  }
  const outcome = await sources.decodeRuns.obtain(payer.location, {
    request: {
      latentId,
      latent: latent.bytes,
      options: plan.decode,
      priority: payer.priority,
      account: payer.account,
      reservationId: payer.reservationId,
      origin: payer.origin,
    },
    signal: payer.signal,
  });
  const lines = [decodeLine(latentId, plan.work)];
  if (!outcome.ok) {
    if (outcome.error.code === "job_cancelled") payer.noteRun(stoppedLines(lines, outcome.error.doneShare ?? 0));
    return outcome;
  }
  const decoded = outcome.value.reservationId === payer.reservationId;
  if (decoded) payer.noteRun(lines);
  const all = { ...milliseconds, ...outcome.value.milliseconds };
  return ok(picture({ plan, latent, decoded }, { bytes: outcome.value.bytes, milliseconds: all }));
}

interface Origin {
  readonly plan: Painting;
  readonly latent: PictureLatent;
  /** True when the decode ran for this request, and not for another that asked for the same. */
  readonly decoded: boolean;
}

function picture(origin: Origin, { bytes, milliseconds }: Pick<Picture, "bytes" | "milliseconds">): Picture {
  const { seed, latentId, ageSeconds, isSimilar = false } = origin.latent;
  const lines = linesOf(origin, milliseconds);
  return { bytes, seed, latentId, tier: tierOf(origin), isSimilar, ageSeconds, milliseconds, lines };
}

/** What was done for this very request: a picture that another's decode gave is as good as one from the cache. */
function tierOf({ latent, decoded }: Origin): Tier {
  if (latent.generated) return "generated";
  return decoded ? "latent" : "image";
}

function linesOf(
  { plan: { work }, latent: { latentId, lines }, decoded }: Origin,
  milliseconds: Milliseconds,
): readonly ChargeLine[] {
  return decoded ? [...lines, ...withGpuTime([decodeLine(latentId, work)], milliseconds)] : lines;
}
