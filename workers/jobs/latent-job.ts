import { AppError, type Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { AccountLedgerRpc } from "../ledger/ledger-client.ts";
import type { ChargeLine } from "../ledger/price-book.ts";

/** How often a job is begun before it is given up: a job that ends its object every time must not do so for ever. */
const attemptsMax = 3;

/** One latent that a request wants, and who wants it. */
export interface LatentRequest {
  readonly latentId: string;
  /** The Stage C job, of one seed. */
  readonly job: StageCRequest;
  readonly account: string;
  /** The reservation of the request that asks; of many, the first one's is the claim on the run, and pays for it. */
  readonly claimId: string;
  /** What the run costs the one who has the claim. */
  readonly lines: readonly ChargeLine[];
}

/** A latent that is stored now. */
export interface ObtainedLatent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whose claim the Stage C run was made for; undefined when the latent was stored already. */
  readonly claimId: string | undefined;
  readonly milliseconds: Milliseconds;
}

/** A job that was begun and not finished: enough to begin it again. */
export interface LatentJobRecord {
  readonly request: LatentRequest;
  /** How often it was begun. */
  readonly attempts: number;
}

/** What outlives the object in memory. `write` also sets the alarm that calls `redrive`; `clear` takes both away. */
export interface LatentJobStore {
  read(): LatentJobRecord | undefined;
  /** The platform lets nothing out before a write is on disk, so a job is recorded before it is dispatched. */
  write(record: LatentJobRecord): void;
  setAlarm(): void;
  clear(): Promise<void>;
}

/** What making a latent takes. */
export interface LatentJobParts {
  readonly store: LatentJobStore;
  readonly gpu: Pick<GpuClient, "runStageC">;
  readonly latents: LatentCache;
  readonly ledgers: { of(account: string): Pick<AccountLedgerRpc, "recordWork"> };
  readonly log: (entry: Readonly<Record<string, string>>) => void;
}

/**
 * The making of one latent. Always true: at most one run is under way, and it belongs to this object and to none of the
 * requests that wait for it, so whoever leaves changes nothing for the others.
 */
export class LatentJob {
  readonly #parts: LatentJobParts;
  #run: Promise<Result<ObtainedLatent, Failure>> | undefined;

  constructor(parts: LatentJobParts) {
    this.#parts = parts;
  }

  /** The latent: stored, or by the run under way, or by a new one. Every caller of one run gets its outcome. */
  obtain(request: LatentRequest): Promise<Result<ObtainedLatent, Failure>> {
    this.#run ??= this.#begin(request).finally(() => {
      this.#run = undefined;
    });
    return this.#run;
  }

  /** Begins again what an earlier incarnation left unfinished. For the alarm, which the platform repeats if this fails. */
  async redrive(): Promise<void> {
    const { store } = this.#parts;
    if (this.#run !== undefined) return store.setAlarm();
    const record = store.read();
    if (record === undefined) return;
    if (record.attempts >= attemptsMax) return store.clear();
    await this.obtain(record.request);
  }

  /** A recorded request goes before the one that asks: the run keeps the claim that it was begun for. */
  async #begin(asked: LatentRequest): Promise<Result<ObtainedLatent, Failure>> {
    const { store, latents } = this.#parts;
    const left = store.read();
    const request = left?.request ?? asked;
    store.write({ request, attempts: (left?.attempts ?? 0) + 1 });
    try {
      const stored = await latents.find(request.latentId);
      if (stored === undefined) return await this.#make(request);
      if (left === undefined) return ok({ bytes: stored.bytes, claimId: undefined, milliseconds: {} });
      await this.#noteWork(request);
      return ok({ bytes: stored.bytes, claimId: request.claimId, milliseconds: {} });
    } finally {
      await store.clear();
    }
  }

  async #make(request: LatentRequest): Promise<Result<ObtainedLatent, Failure>> {
    const { gpu, latents } = this.#parts;
    const { job, latentId, account, claimId } = request;
    const outcome = await gpu.runStageC(job);
    if (!outcome.ok) return outcome;
    const [bytes] = outcome.value.latents;
    if (bytes === undefined) throw new AppError("Stage C left out the latent that it was asked for.");
    await latents.put(latentId, { bytes, account });
    await this.#noteWork(request);
    return ok({ bytes, claimId, milliseconds: outcome.value.milliseconds });
  }

  /** So that the run is charged even if its claimant has left. A ledger that cannot be reached spoils no latent. */
  async #noteWork({ account, claimId, lines }: LatentRequest): Promise<void> {
    try {
      await this.#parts.ledgers.of(account).recordWork({ reservationId: claimId, lines });
    } catch {
      this.#parts.log({ event: "work_not_recorded", reservation: claimId });
    }
  }
}
