import type { Tier } from "../../shared/api/images-response.ts";
import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { DecodeOptions } from "../../shared/wire/decode.ts";
import type { Milliseconds } from "../gpu/gpu-client.ts";
import type { ImageCache } from "../images/image-cache.ts";
import { type ChargeLine, decodeLine, hitLine, type PricedWork, stoppedLines } from "../prices/price-book.ts";
import type { DecodeRuns } from "../single-flight/client.ts";
import {
  type LatentSources,
  obtainLatent,
  type PayingRequest,
  type PictureLatent,
  type WantedLatent,
} from "./obtain-latent.ts";
import type { GenerationPlan } from "./plan-generation.ts";

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

/** All pictures of a plan. Latents first: while one cannot be made, no decode is begun that nobody would see. */
export async function obtainPictures(
  sources: PictureSources,
  { plan, startOf }: Omit<WantedLatent, "picture">,
  payer: PayingRequest,
): Promise<Result<readonly Picture[], Failure>> {
  const latents = allOf(
    await Promise.all(plan.pictures.map((picture) => obtainLatent(sources, { plan, picture, startOf }, payer))),
  );
  return latents.ok ? paintLatents(sources, { plan, latents: latents.value }, payer) : latents;
}

/** A picture that is at hand; only the account knows whether its latent is stored, and since when. */
export type FoundPicture = Omit<Picture, "ageSeconds">;

/** All pictures of a plan, if the edge holds the file of each: nothing is run, and nobody is charged. Else undefined. */
export async function findPictures(
  { images, nowMs }: PictureSources,
  { pictures, decode, work }: GenerationPlan,
): Promise<readonly FoundPicture[] | undefined> {
  const startedMs = nowMs();
  const found = await Promise.all(
    pictures.map(async ({ seed, latentId }) => {
      const file = await images.find(latentId, decode);
      if (file === undefined) return undefined;
      const milliseconds = { "image-lookup": nowMs() - startedMs };
      const lines = [hitLine(latentId, work)];
      return { seed, latentId, bytes: file.bytes, tier: "image", isSimilar: false, milliseconds, lines } as const;
    }),
  );
  return found.every((picture) => picture !== undefined) ? found : undefined;
}

/** The pictures of latents that are at hand, if this location holds the file of each; nothing is run. Else undefined. */
export async function findFiles(
  { images }: Pick<PictureSources, "images">,
  { decode, latents }: Pick<Painting, "decode"> & { readonly latents: readonly PictureLatent[] },
): Promise<readonly Picture[] | undefined> {
  const found = await Promise.all(
    latents.map(async ({ latentId, seed, isSimilar = false, ageSeconds, milliseconds, lines }) => {
      const file = await images.find(latentId, decode);
      const told = { seed, latentId, isSimilar, ageSeconds, milliseconds, lines };
      return file && ({ ...told, bytes: file.bytes, tier: "image" } as const);
    }),
  );
  return found.every((picture) => picture !== undefined) ? found : undefined;
}

/** What decides how a latent is painted, and what that costs. */
export interface Painting {
  readonly decode: DecodeOptions;
  readonly work: Pick<PricedWork, "pixels">;
}

/** The pictures of latents that are at hand. */
export async function paintLatents(
  sources: PictureSources,
  { plan, latents }: { readonly plan: Painting; readonly latents: readonly PictureLatent[] },
  payer: PayingRequest,
): Promise<Result<readonly Picture[], Failure>> {
  return allOf(await Promise.all(latents.map((latent) => obtainPicture(sources, { plan, latent }, payer))));
}

/** A latent that was just made has no picture yet; for any other, the edge may still hold one. */
async function obtainPicture(
  { images, decodeRuns, nowMs }: PictureSources,
  { plan, latent }: { readonly plan: Painting; readonly latent: PictureLatent },
  { account, reservationId, location, priority, signal, origin, noteRun }: PayingRequest,
): Promise<Result<Picture, Failure>> {
  const { latentId, generated } = latent;
  const startedMs = nowMs();
  const cached = generated ? undefined : await images.find(latentId, plan.decode);
  const milliseconds = generated
    ? latent.milliseconds
    : { ...latent.milliseconds, "image-lookup": nowMs() - startedMs };
  if (cached !== undefined) return ok(picture({ plan, latent, decoded: false }, { ...cached, milliseconds }));

  const request = { latentId, latent: latent.bytes, options: plan.decode, priority, account, reservationId, origin };
  const outcome = await decodeRuns.obtain(location, { request, signal });
  const decode = [decodeLine(latentId, plan.work)];
  if (!outcome.ok) {
    if (outcome.error.code === "job_cancelled") noteRun(stoppedLines(decode, outcome.error.doneShare ?? 0));
    return outcome;
  }
  const decoded = outcome.value.reservationId === reservationId;
  if (decoded) noteRun(decode);
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
  const lines = linesOf(origin);
  return { bytes, seed, latentId, tier: tierOf(origin), isSimilar, ageSeconds, milliseconds, lines };
}

/** What was done for this very request: a picture that another's decode gave is as good as one from the cache. */
function tierOf({ latent, decoded }: Origin): Tier {
  if (latent.generated) return "generated";
  return decoded ? "latent" : "image";
}

function linesOf({ plan: { work }, latent: { latentId, lines }, decoded }: Origin): readonly ChargeLine[] {
  return decoded ? [...lines, decodeLine(latentId, work)] : lines;
}

/** The values of results that are all right, or the first failure. */
export function allOf<Value>(results: readonly Result<Value, Failure>[]): Result<readonly Value[], Failure> {
  const values: Value[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return ok(values);
}
