import { decodeOptionsOf, shownBackground, type WantedFile } from "../../shared/api/output-file.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { derivedLatentKey } from "../../shared/latents/latent-key.ts";
import { mixLatentFiles } from "../../shared/models/latent-file.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { decodeMsMax } from "../../shared/models/work-time.ts";
import { allOf, err, ok, type Result } from "../../shared/result.ts";
import { decodeLine, hitLine, interpolationLines, sumMicroUsd } from "../prices/price-book.ts";
import type { Caller } from "./caller.ts";
import { type ChargingServices, type NoteRun, reserveCeiling, settleOrRelease } from "./charge-request.ts";
import type { Generation } from "./generate-image.ts";
import { ageOf, type PictureLatent } from "./obtain-latent.ts";
import { type Picture, type PictureSources, paintLatents } from "./obtain-pictures.ts";
import type { OwnLatent } from "./own-latent.ts";
import type { PlannedPicture } from "./plan-generation.ts";
import { isReplay, type Replay, type Replayed, replayPictures } from "./replay-pictures.ts";
import { deliveredLatents } from "./reserve-plan.ts";

/** What making pictures of latents takes. */
export interface LatentPictureServices extends PictureSources, ChargingServices {}

/** How the picture is wanted. */
interface WantedPicture {
  readonly file: WantedFile;
  /** "WIDTHxHEIGHT"; undefined: the latent's own. */
  readonly size: string | undefined;
}

/** The picture of a stored latent, for the price of a hit, and of a decode where no edge copy is at hand. */
export async function decodeOwnLatent(
  services: LatentPictureServices,
  caller: Caller,
  { latent, file, size }: WantedPicture & { readonly latent: OwnLatent },
): Promise<Result<Generation, Failure>> {
  const fault = sizeFault(latent, size);
  if (fault !== undefined) return err(fault);
  const decode = decodeOptionsOf(latent.manifest, file);
  const lines = [hitLine(latent.id, latent.work)];
  const paid = {
    request: { kind: "decode-latent", latentId: latent.id, decode },
    ceilingMicroUsd: sumMicroUsd([...lines, decodeLine(latent.id, latent.work)]),
    manifest: latent.manifest,
    size: latent.size,
    painting: { decode, work: latent.work },
    pictures: [{ latentId: latent.id, seed: latent.seed }],
  };
  const { id: latentId, seed, bytes } = latent;
  const ageSeconds = ageOf(latent.madeMs, services.nowMs());
  return payAndPaint(services, caller, paid, async () =>
    ok([{ latentId, seed, bytes, lines, ageSeconds, generated: false, milliseconds: {} }]),
  );
}

/** Pictures between two stored latents. Each mix is stored, and the next who asks for it pays a hit. */
export async function interpolateOwnLatents(
  services: LatentPictureServices,
  caller: Caller,
  { pair, places, file, size }: WantedPicture & { readonly pair: LatentPair; readonly places: readonly number[] },
): Promise<Result<Generation, Failure>> {
  const [first, second] = pair;
  const fault = sizeFault(first, size) ?? modelFault(pair) ?? sizeFault(second, first.size, "latent_id");
  if (fault !== undefined) return err(fault);
  const decode = decodeOptionsOf(first.manifest, file);
  const mixCeiling = sumMicroUsd([...interpolationLines("", first.work), decodeLine("", first.work)]);
  const paid = {
    request: { kind: "interpolate-latents", latentIds: [first.id, second.id], places, decode },
    ceilingMicroUsd: places.length * mixCeiling,
    manifest: first.manifest,
    size: first.size,
    painting: { decode, work: first.work },
    pictures: await Promise.all(places.map((t) => mixOf(services, caller.account, { pair, t }))),
  };
  return payAndPaint(services, caller, paid, async (noteRun) => {
    const mixes = await Promise.all(places.map((t) => obtainMix(services, caller.account, { pair, t })));
    for (const mix of mixes) if (mix.ok && mix.value.isNew) noteRun(mix.value.lines);
    return allOf(mixes);
  });
}

type LatentPair = readonly [OwnLatent, OwnLatent];

interface WantedMix {
  readonly pair: LatentPair;
  readonly t: number;
}

async function mixOf(
  { latentKeySecret }: LatentPictureServices,
  account: string,
  { pair: [first, second], t }: WantedMix,
): Promise<PlannedPicture> {
  const madeFrom = { kind: "interpolation", latentIds: [first.id, second.id], t } as const;
  const latentId = await derivedLatentKey(latentKeySecret, madeFrom, account);
  // As `mixLatentFiles` chooses: Stage B's noise is that of the nearer one.
  return { latentId, seed: t > 0.5 ? second.seed : first.seed };
}

async function obtainMix(
  services: LatentPictureServices,
  account: string,
  { pair, t }: WantedMix,
): Promise<Result<PictureLatent & { readonly isNew: boolean }, Failure>> {
  const { latents, nowMs } = services;
  const [first, second] = pair;
  const mix = { ...(await mixOf(services, account, { pair, t })), generated: false, milliseconds: {} };
  const { latentId } = mix;
  const stored = await latents.find(latentId);
  if (stored !== undefined) {
    const lines = [hitLine(latentId, first.work)];
    return ok({ ...mix, isNew: false, bytes: stored.bytes, ageSeconds: ageOf(stored.madeMs, nowMs()), lines });
  }
  const made = mixLatentFiles(first.manifest, [first.bytes, second.bytes], t);
  if (!made.ok) return made;
  await latents.put(latentId, { bytes: made.value.bytes, account });
  const lines = interpolationLines(latentId, first.work);
  return ok({ ...mix, isNew: true, bytes: made.value.bytes, ageSeconds: 0, lines });
}

interface PaidPainting {
  /** What tells this request from every other, for idempotency. */
  readonly request: object;
  readonly ceilingMicroUsd: number;
  readonly manifest: Manifest;
  readonly size: string;
  readonly painting: Replay["painting"];
  /** Those that a repeat is given. */
  readonly pictures: readonly PlannedPicture[];
}

async function payAndPaint(
  services: LatentPictureServices,
  caller: Caller,
  { request, ceilingMicroUsd, manifest, size, painting, pictures }: PaidPainting,
  obtain: (noteRun: NoteRun) => Promise<Result<readonly PictureLatent[], Failure>>,
): Promise<Result<Generation, Failure>> {
  const { id: model, revision } = manifest;
  const lastsMs = decodeMsMax(manifest, painting.work.latentShape);
  const asked = { request, ceilingMicroUsd, latentForm: { model, revision, size }, seeds: [], lastsMs };
  const reserved = await reserveCeiling(services, { ...asked, caller });
  if (!reserved.ok) return reserved;
  const reservation = reserved.value;
  if (isReplay(reservation)) {
    const again = await replayPictures(services, caller, { asked, reservation, pictures, painting });
    return again.ok ? ok(finish(manifest, again.value, { size, painting })) : again;
  }
  const { account, signal } = caller;
  const latentsOf = (painted: readonly Picture[]) => deliveredLatents(painting, painted);
  const paid = await settleOrRelease(services, { account, reservation, signal, latentsOf }, async (noteRun) => {
    const payer = { ...caller, reservationId: reservation.reservationId, noteRun };
    const latents = await obtain(noteRun);
    return latents.ok ? paintLatents(services, { plan: painting, latents: latents.value }, payer) : latents;
  });
  return paid.ok ? ok(finish(manifest, { ...paid.value, replayed: false }, { size, painting })) : paid;
}

function finish(
  manifest: Manifest,
  { items: pictures, settlement, replayed }: Replayed,
  { size, painting: { decode } }: Pick<PaidPainting, "size" | "painting">,
): Generation {
  const background = shownBackground(manifest, decode);
  const nothing = { tokens: 0, warnings: [], startLatentId: undefined };
  return { pictures, settlement, size, decode, background, replayed, ...nothing };
}

/** Latents of different models lie in different spaces. */
function modelFault([first, second]: LatentPair): Failure | undefined {
  if (first.manifest.revision === second.manifest.revision) return undefined;
  const { id, revision } = first.manifest;
  return invalidRequest("latent_id", `'latent_id' must be a latent of ${id}@${revision}, as the first is.`);
}

function sizeFault(latent: OwnLatent, size: string | undefined, param = "size"): Failure | undefined {
  if (size === undefined || size === latent.size) return undefined;
  if (param === "size") return invalidRequest("size", `'size' must be the latent's own, ${latent.size}, or left out.`);
  return invalidRequest(param, `'${param}' must be a latent of the size ${size}, as the first is.`);
}
