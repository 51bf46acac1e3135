import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { Accounts } from "../account/client.ts";
import type { WebhookAttempt } from "../webhooks/webhook-attempts.ts";
import type { WebhookMessage } from "../webhooks/webhook-message.ts";
import type { CreatedJob, ItemsPage, JobPage, Jobs, ReadJob, SeenNews } from "./client.ts";
import { endMessageOf, messageIdOf } from "./end-message.ts";
import { failedOutcome } from "./item-result.ts";
import { isEnd, type JobOrder, type JobView } from "./job-record.ts";
import { runSlice, type SliceParts } from "./job-slice.ts";
import type { StoredJob } from "./job-store.ts";

/** Time for a job: as long as the ledger remembers the charges of its requests by their names. */
const jobMsMax = 24 * 3_600_000;

/** Time until an ended job is deleted. */
const keptMs = 7 * 24 * 3_600_000;

/** Time until an object that ended resumes its work by itself. */
const redriveMs = 10_000;

/** Time until a queued job checks by itself whether it may start; usually a job that ends wakes it earlier. */
const turnMs = 30_000;

/** The longest wait of a follower for news, short enough for proxies that close silent connections. */
const newsMsMax = 15_000;

/** Ended requests per report. */
const newsItemsMax = 100;

/** What outlives the object in memory, its clock, and those it works with. */
export interface JobServices extends SliceParts {
  /** The object's one alarm. */
  readonly setAlarm: (atMs: number) => void;
  /** Deletes everything that the object stores, and its alarm. */
  readonly clear: () => Promise<void>;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly accounts: Accounts;
  readonly jobs: Jobs;
  readonly sendWebhook: (message: WebhookMessage) => Promise<unknown>;
}

/**
 * One job of many requests. Always true: its money is held before its creation is answered; a request that has ended
 * never starts again; a request whose object ended starts again under the same name, by which the ledger finds its
 * charge. The alarm does all work, so the job continues if its client leaves.
 */
export class Job {
  readonly #parts: JobServices;
  readonly #items = new Set<number>();
  readonly #followers = new Set<() => void>();
  #stop = new AbortController();
  #reserving: Promise<Result<undefined, Failure>> | undefined;
  #advancing: Promise<void> | undefined;

  constructor(parts: JobServices) {
    this.#parts = parts;
  }

  /** Creates the job, or finds the one that the same body created. Fails with `job_id_reused`, or as `ledger.hold`. */
  async create(order: JobOrder): Promise<Result<CreatedJob, Failure>> {
    const { store, setAlarm, nowMs } = this.#parts;
    const before = store.read();
    if (before !== undefined && before.spec.digest !== order.digest) {
      return err({ code: "job_id_reused", jobId: order.jobId });
    }
    if (before === undefined) {
      store.create(order);
      // A job of this name may have been cancelled and deleted before.
      this.#stop = new AbortController();
      setAlarm(nowMs() + redriveMs);
    }
    const reserved = await this.#reserve();
    if (!reserved.ok) return reserved;
    const view = await this.#view();
    return view === undefined ? err({ code: "internal" }) : ok({ isNew: before === undefined, view });
  }

  /** The job with a stretch of its requests; undefined when there is none. */
  async read({ after, limit }: ItemsPage): Promise<ReadJob | undefined> {
    const view = await this.#view();
    if (view === undefined) return undefined;
    const items = this.#parts.store.items(after, limit);
    const state = (item: number) => (this.#items.has(item) ? ("running" as const) : undefined);
    const webhookAttempts = this.#parts.store.webhookAttempts();
    return { view, webhookAttempts, items: items.map((item) => ({ ...item, state: state(item.item) ?? item.state })) };
  }

  /** Keeps an attempt to deliver the message with this id; another job of the same name has another id. */
  noteWebhook(messageId: string, attempt: WebhookAttempt): void {
    const { store } = this.#parts;
    const job = store.read();
    if (job !== undefined && messageIdOf(job.spec) === messageId) store.noteWebhook(attempt);
  }

  /** The message of the job's end, to be sent again. Fails as `endMessageOf`. */
  endMessage(): Result<WebhookMessage, Failure> {
    return endMessageOf(this.#parts.store);
  }

  /**
   * What a follower of the job has not seen: at once if there is something, else on the next change or after a time.
   */
  async news(seen: SeenNews): Promise<JobPage | undefined> {
    const { store } = this.#parts;
    const job = store.read();
    if (job === undefined) return undefined;
    const isNew = job.state !== seen.state || isEnd(job.state) || store.endedAfter(seen.place, 1).length > 0;
    if (!isNew) await this.#nextChange();
    const view = await this.#view();
    return view && { view, items: store.endedAfter(seen.place, newsItemsMax) };
  }

  /** Stops what is under way, and ends everything else. Changes nothing once the job has ended. */
  async cancel(): Promise<JobView | undefined> {
    const { store, setAlarm, nowMs } = this.#parts;
    const state = store.read()?.state;
    if (state === "queued" || state === "running") {
      store.setState("cancelling");
      store.endQueued({ state: "cancelled" }, [...this.#items]);
      this.#stop.abort();
      setAlarm(nowMs());
      this.#tellFollowers();
    }
    return this.#view();
  }

  /** Deletes a job that has ended. Fails with `not_found`, or `job_not_ended`. */
  async remove(): Promise<Result<undefined, Failure>> {
    const job = this.#parts.store.read();
    if (job === undefined) return err({ code: "not_found", what: "job" });
    if (!isEnd(job.state)) return err({ code: "job_not_ended" });
    await this.#tellEnd(job);
    await this.#delete(job);
    return ok(undefined);
  }

  /** Its turn may have come. */
  wake(): void {
    if (this.#parts.store.read()?.state === "queued") this.#parts.setAlarm(this.#parts.nowMs());
  }

  /** Does what there is to do, and sets the alarm for what is to be done later. For the alarm. */
  advance(): Promise<void> {
    this.#advancing ??= this.#advance().finally(() => {
      this.#advancing = undefined;
    });
    return this.#advancing;
  }

  async #advance(): Promise<void> {
    const { store, setAlarm, nowMs } = this.#parts;
    if (store.read() === undefined) return;
    // If this object ends meanwhile, or something throws, the alarm runs again.
    setAlarm(nowMs() + redriveMs);
    if (!(await this.#reserve()).ok) return;
    if (store.read()?.state === "queued") await this.#enter();
    if (store.read()?.state === "running") await this.#work();
    // Requests that were under way in an object which ended are cancelled here, and by `cancel` otherwise.
    if (store.read()?.state === "cancelling") store.endQueued({ state: "cancelled" }, []);
    await this.#endIfDone();
    await this.#schedule();
  }

  /** Holds the money. A job that cannot be paid leaves nothing behind. */
  #reserve(): Promise<Result<undefined, Failure>> {
    this.#reserving ??= this.#hold().finally(() => {
      this.#reserving = undefined;
    });
    return this.#reserving;
  }

  async #hold(): Promise<Result<undefined, Failure>> {
    const { store, jobs, accounts, clear, setAlarm, nowMs } = this.#parts;
    const job = store.read();
    if (job?.state !== "reserving") return ok(undefined);
    const { account, jobId, createdMs, holdId, keyId, ceilingMicroUsd } = job.spec;
    const list = jobs.listOf(account);
    const added = await list.add({ jobId, requests: job.total, createdMs });
    const held = added.ok ? await accounts.of(account).hold({ holdId, keyId, ceilingMicroUsd }) : added;
    if (held.ok) {
      store.setState("queued");
      setAlarm(nowMs());
    } else {
      await list.remove(jobId);
      await clear();
    }
    return held;
  }

  async #enter(): Promise<void> {
    const { store, jobs, nowMs } = this.#parts;
    const job = store.read();
    if (job === undefined) return;
    const ahead = await jobs.listOf(job.spec.account).enter(job.spec.jobId);
    if (ahead > 0 || store.read()?.state !== "queued") return;
    store.start(nowMs());
    this.#tellFollowers();
  }

  async #work(): Promise<void> {
    const { store, nowMs } = this.#parts;
    const job = store.read();
    if (job === undefined) return;
    if (nowMs() >= job.spec.createdMs + jobMsMax)
      return store.endQueued(failedOutcome({ code: "deadline_exceeded" }), []);
    const underway = { items: this.#items, signal: this.#stop.signal, changed: () => this.#tellFollowers() };
    await runSlice(this.#parts, job, underway);
  }

  async #endIfDone(): Promise<void> {
    const { store, accounts, nowMs } = this.#parts;
    const job = store.read();
    if (job === undefined || isEnd(job.state)) return;
    const { succeeded, failed, cancelled } = job.counts;
    if (succeeded + failed + cancelled < job.total) return;
    const spent = await accounts.of(job.spec.account).endHold(job.spec.holdId);
    store.end(spent ?? job.microUsd, nowMs());
    this.#tellFollowers();
  }

  async #schedule(): Promise<void> {
    const { store, setAlarm, nowMs } = this.#parts;
    const job = store.read();
    if (job === undefined) return;
    if (job.endedMs === undefined)
      return setAlarm(job.state === "queued" ? nowMs() + turnMs : Math.max(nowMs(), job.resumeMs));
    await this.#tellEnd(job);
    if (nowMs() >= job.endedMs + keptMs) await this.#delete(job);
    else setAlarm(job.endedMs + keptMs);
  }

  /** May be repeated: the list is set again, and the webhook's message has the same id. */
  async #tellEnd(job: StoredJob): Promise<void> {
    const { store, jobs, sendWebhook } = this.#parts;
    const { spec, state, endedMs, isTold } = job;
    if (isTold || endedMs === undefined || state === "reserving") return;
    const { account, jobId } = spec;
    const next = await jobs.listOf(account).end({ jobId, state, endedMs });
    const message = endMessageOf(store);
    if (message.ok) await sendWebhook(message.value);
    store.markTold();
    // A job that cannot be woken checks by itself a little later.
    await Promise.allSettled(next.map((other) => jobs.of(account, other).wake()));
  }

  async #delete({ spec }: StoredJob): Promise<void> {
    await this.#parts.jobs.listOf(spec.account).remove(spec.jobId);
    await this.#parts.clear();
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const tell = () => {
        this.#followers.delete(tell);
        resolve();
      };
      this.#followers.add(tell);
      this.#parts.timeout(newsMsMax).addEventListener("abort", tell, { once: true });
    });
  }

  #tellFollowers(): void {
    for (const tell of this.#followers) tell();
  }

  async #view(): Promise<JobView | undefined> {
    const job = this.#parts.store.read();
    if (job === undefined || job.state === "reserving") return undefined;
    const { spec, state, total, counts, microUsd, startedMs, endedMs } = job;
    const ahead = state === "queued" ? await this.#parts.jobs.listOf(spec.account).ahead(spec.jobId) : undefined;
    return {
      ...spec,
      state,
      total,
      counts,
      microUsd,
      startedMs,
      endedMs,
      running: this.#items.size,
      queuePosition: ahead,
      expiresMs: endedMs === undefined ? spec.createdMs + jobMsMax : endedMs + keptMs,
    };
  }
}
