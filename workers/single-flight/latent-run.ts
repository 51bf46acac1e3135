import { AppError, type Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import type { Priority } from "../../shared/wire/task-terms.ts";
import type { AccountClient } from "../account/client.ts";
import type { GpuClient, Milliseconds } from "../gpu/gpu-client.ts";
import type { RequestOrigin } from "../gpu/request-origin.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import { type ChargeLine, stoppedLines } from "../prices/price-book.ts";
import { type OnNews, type Run, SharedRun, type Waiter, whileWanted } from "./shared-run.ts";

/** How often a job is begun before it is given up: a job that ends its object every time must not do so for ever. */
const attemptsMax = 3;

/** The alarm as a caller: it waits for a run that no request has joined again, and never leaves. */
const alarmWaiterId = "alarm";

/** A request for one latent, and its caller. Of several callers, the first pays for the run. */
export interface LatentRequest extends Waiter {
  readonly latentId: string;
  /** The Stage C job, of one seed. */
  readonly job: StageCRequest;
  readonly priority: Priority;
  readonly account: string;
  /** What the run costs its payer. */
  readonly lines: readonly ChargeLine[];
  readonly origin?: RequestOrigin | undefined;
}

/** A latent that is stored now. */
export interface ObtainedLatent {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The reservation that pays for the Stage C run; undefined if the latent was stored already. */
  readonly reservationId: string | undefined;
  readonly milliseconds: Milliseconds;
}

/** A job that was begun and not finished: enough to begin it again. */
export interface LatentRunRecord {
  readonly request: LatentRequest;
  /** How often it was begun. */
  readonly attempts: number;
}

/** What outlives the object in memory. `write` also sets the alarm that calls `redrive`; `clear` takes both away. */
export interface LatentRunStore {
  read(): LatentRunRecord | undefined;
  /** The platform lets nothing out before a write is on disk, so a job is recorded before it is dispatched. */
  write(record: LatentRunRecord): void;
  setAlarm(): void;
  clear(): Promise<void>;
}

/** What making a latent takes. */
export interface LatentRunServices {
  readonly store: LatentRunStore;
  readonly gpu: Pick<GpuClient, "runStageC">;
  readonly latents: Pick<LatentCache, "find" | "put">;
  readonly accounts: { of(account: string): Pick<AccountClient, "recordWork"> };
  readonly log: (entry: Readonly<Record<string, string>>) => void;
}

/** The making of one latent. The run belongs to this object and to none of the requests that wait for it. */
export class LatentRun {
  readonly #parts: LatentRunServices;
  readonly #run: SharedRun<LatentRequest, ObtainedLatent, StageCEvent>;
  /**
   * The run is being charged: from now on a payer that leaves stays the payer, or a later object would charge another.
   */
  #isBeingPaid = false;

  constructor(parts: LatentRunServices) {
    this.#parts = parts;
    this.#run = new SharedRun({
      begin: (request, run) => this.#begin(request, run),
      payerChanged: (request) => this.#passPayer(request),
    });
  }

  /**
   * The latent: the stored one, or the outcome of the run in progress or of a new one. All callers of a run receive its
   * outcome. They receive its reports if the run started with a listener.
   */
  obtain(request: LatentRequest, onEvent?: OnNews<StageCEvent>): Promise<Result<ObtainedLatent, Failure>> {
    return this.#run.join(request, onEvent);
  }

  /** A caller leaves; nothing else happens while others wait. */
  leave(waiterId: string): void {
    this.#run.leave(waiterId);
  }

  /**
   * Begins again what an earlier incarnation left unfinished. For the alarm, which the platform repeats if this fails.
   */
  async redrive(): Promise<void> {
    const { store } = this.#parts;
    if (this.#run.isUnderWay()) return store.setAlarm();
    const record = store.read();
    if (record === undefined) return;
    if (record.attempts >= attemptsMax) return store.clear();
    await this.obtain({ ...record.request, waiterId: alarmWaiterId });
  }

  /** A recorded request precedes the one that asks: the run keeps the payer that it was begun for. */
  async #begin(asked: LatentRequest, run: Run<LatentRequest, StageCEvent>): Promise<Result<ObtainedLatent, Failure>> {
    const { store, latents } = this.#parts;
    const left = store.read();
    run.payer = left?.request ?? asked;
    this.#isBeingPaid = false;
    store.write({ request: run.payer, attempts: (left?.attempts ?? 0) + 1 });
    try {
      const looked = await whileWanted(run, latents.find(asked.latentId));
      if (!looked.ok) return looked;
      const stored = looked.value;
      if (stored === undefined) return await this.#make(run);
      if (left === undefined) return ok({ bytes: stored.bytes, reservationId: undefined, milliseconds: {} });
      const { payer } = run;
      await this.#noteWork(payer);
      return ok({ bytes: stored.bytes, reservationId: payer.reservationId, milliseconds: {} });
    } finally {
      await store.clear();
    }
  }

  async #make(run: Run<LatentRequest, StageCEvent>): Promise<Result<ObtainedLatent, Failure>> {
    const { gpu, latents } = this.#parts;
    const { job, latentId, account, reservationId, priority, origin } = run.payer;
    const onEvent = run.isHeard() ? run.tell : undefined;
    const outcome = await gpu.runStageC(
      { ...job, shareKey: latentId },
      { priority, payer: { account, reservationId }, signal: run.signal, origin, onEvent },
    );
    if (!outcome.ok) {
      await this.#noteStopped(run.payer, outcome.error);
      return outcome;
    }
    const [bytes] = outcome.value.latents;
    if (bytes === undefined) throw new AppError("Stage C left out the latent that it was asked for.");
    await latents.put(latentId, { bytes, account });
    // Whoever pays now: the first may have left meanwhile.
    const { payer } = run;
    await this.#noteWork(payer);
    return ok({ bytes, reservationId: payer.reservationId, milliseconds: outcome.value.milliseconds });
  }

  /** So that an object which follows this one keeps the payer too. */
  #passPayer(request: LatentRequest): void {
    const { store } = this.#parts;
    const record = store.read();
    if (record !== undefined && !this.#isBeingPaid) store.write({ ...record, request });
  }

  /** The last caller to leave pays for the steps that ran until then. */
  async #noteStopped(payer: LatentRequest, failure: Failure): Promise<void> {
    if (failure.code !== "job_cancelled") return;
    const lines = stoppedLines(payer.lines, failure.doneShare ?? 0);
    if (lines.length > 0) await this.#noteWork({ ...payer, lines });
  }

  /** So that the run is charged even if its payer has left. A ledger that cannot be reached spoils no latent. */
  async #noteWork({ account, reservationId, lines }: LatentRequest): Promise<void> {
    this.#isBeingPaid = true;
    try {
      await this.#parts.accounts.of(account).recordWork({ reservationId, lines });
    } catch {
      this.#parts.log({ event: "work_not_recorded", reservation: reservationId });
    }
  }
}
