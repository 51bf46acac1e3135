import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { Accounts } from "../account/client.ts";
import { toBase64 } from "../gpu/base64.ts";
import type { TaskConditions, TaskPayer } from "../gpu/cancellable-task.ts";
import type { PictureClient } from "../gpu/picture-client.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { GenerationPlan } from "./plan-generation.ts";

/** For what a start is wanted, and on whose behalf. */
export interface WantedStart {
  readonly plan: Pick<GenerationPlan, "size" | "startLines" | "job">;
  readonly payer: Omit<TaskConditions, "payer"> & TaskPayer;
}

/** The parts of a Stage C job that are made of what was sent. */
export type MadeParts = Pick<StageCRequest, "start" | "imagePrompts">;

/** Gives what pictures start from, and what is made of pictures in a prompt. */
export type StartSource = (wanted: WantedStart) => Promise<Result<MadeParts, Failure>>;

/** As `StartSource`, for one request. */
export type ObtainStart = () => Promise<Result<MadeParts, Failure>>;

/** A source that is asked when the first latent turns out to be missing, and never again. */
export function askOnce(source: StartSource, wanted: WantedStart): ObtainStart {
  let asked: ReturnType<ObtainStart> | undefined;
  return () => {
    asked ??= source(wanted);
    return asked;
  };
}

/** What making a start takes. */
export interface StartServices {
  readonly gpu: PictureClient;
  readonly latents: LatentCache;
  readonly accounts: Accounts;
}

/** What was sent to start from. */
export interface StartFiles {
  /** The latent file, or the picture that is to become one. */
  readonly latent: { readonly bytes: Uint8Array } | { readonly id: string; readonly picture: Uint8Array<ArrayBuffer> };
  readonly strength: number;
  /** A picture: transparent, or white where nothing is, where it is to be painted. */
  readonly mask: Uint8Array<ArrayBuffer> | undefined;
}

/** A source for what was sent. A picture's latent is stored as soon as it is made, and charged then; no picture is. */
export function startFrom(services: StartServices, { latent, strength, mask }: StartFiles): StartSource {
  return async (wanted) => {
    // The mask needs no device: one that cannot be read must not cost a run of the compressor, which nobody would pay.
    const work = pictureWork(wanted.plan);
    const cells = mask === undefined ? ok(undefined) : await services.gpu.encodeMask({ ...work, file: mask });
    if (!cells.ok) return cells;
    const bytes = "bytes" in latent ? ok(latent.bytes) : await encodedPicture(services, latent, wanted);
    if (!bytes.ok) return bytes;
    const start = { latent: toBase64(bytes.value), strength, ...(cells.value !== undefined && { mask: cells.value }) };
    return ok({ start });
  };
}

function pictureWork({ size, job: { model, revision } }: WantedStart["plan"]) {
  return { size, model, revision };
}

/** Noted as work at once, so that it is charged with whatever else is done, also for a client that leaves meanwhile. */
async function encodedPicture(
  { gpu, latents, accounts }: StartServices,
  { id, picture: file }: { readonly id: string; readonly picture: Uint8Array<ArrayBuffer> },
  { plan, payer }: WantedStart,
): Promise<Result<Uint8Array, Failure>> {
  const stored = await latents.find(id);
  if (stored !== undefined) return ok(stored.bytes);
  const { account, reservationId, priority, signal } = payer;
  const conditions = { priority, signal, payer: { account, reservationId } };
  const encoded = await gpu.encodeImage({ ...pictureWork(plan), file, shareKey: id }, conditions);
  if (!encoded.ok) return encoded;
  // Of requests that bring the same picture at once, whose latents are the same, one pays.
  const isFirst = await latents.putFirst(id, { bytes: encoded.value.bytes, account });
  if (isFirst) await accounts.of(account).recordWork({ reservationId, lines: plan.startLines });
  return ok(encoded.value.bytes);
}
