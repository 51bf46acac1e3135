// What the jobs of one account promise. Imports nothing of the code under test.

/** How a request of a job came out. */
export type ModelOutcome = "done" | "refused" | "failed" | "unavailable" | "busy";

/** A call of a job's that can get lost, before it was heard or on the way back. */
export interface LostCall {
  readonly call: "hold" | "enter" | "endHold" | "end" | "webhook";
  readonly isHeard: boolean;
}

type ItemState = "queued" | "succeeded" | "failed" | "cancelled";

interface Slice {
  readonly startedMs: number;
  /** Requests that this stretch has not begun yet. */
  queue: readonly number[];
  running: readonly number[];
}

interface Job {
  readonly hold: string;
  readonly body: string;
  readonly createdMs: number;
  readonly items: { state: ItemState; attempts: number }[];
  state: string;
  misses: number;
  resumeMs: number;
  endedMs: number | undefined;
  isStopped: boolean;
  isTold: boolean;
  slice: Slice | undefined;
  alarmMs: number | undefined;
}

const dayMs = 86_400_000;
const redriveMs = 10_000;
const retriedAfterMs = 2_000;
const turnMs = 30_000;
const keptMs = 7 * dayMs;
const sliceMs = 60_000;
const atOnce = 6;
const jobsAtOnce = 4;
const attemptsMax = 3;
const price = 10;
const lostCall = "lost";

/** Jobs by their names, what the account holds for them, and what was told of them. */
export class JobsModel {
  nowMs: number;
  readonly #holdsMax: number;
  readonly #jobs = new Map<string, Job>();
  readonly holds = new Map<string, { isOpen: boolean; spent: number }>();
  /** In their order; the state that the account's list shows. */
  readonly list = new Map<string, string>();
  readonly webhooks = new Set<string>();
  #lost: readonly LostCall[] = [];
  #created = 0;

  constructor(nowMs: number, holdsMax: number) {
    this.nowMs = nowMs;
    this.#holdsMax = holdsMax;
  }

  get view(): Record<string, unknown> {
    const jobs = [...this.#jobs].map(([name, job]) => [
      name,
      {
        state: job.state,
        items: job.items.map(({ state, attempts }) => `${state}, ${attempts} attempts`),
        alarmMs: job.alarmMs,
        misses: job.misses,
        resumeMs: job.resumeMs,
        endedMs: job.endedMs,
      },
    ]);
    return Object.fromEntries(jobs);
  }

  /** Requests that are being done, as `job holdId item`. */
  get running(): readonly string[] {
    const all = [...this.#jobs.values()];
    return all.flatMap(({ hold, slice }) => (slice?.running ?? []).map((item) => `job ${hold} ${item}`)).toSorted();
  }

  get hasQueued(): boolean {
    return [...this.#jobs.values()].some(({ state }) => state === "queued");
  }

  get names(): readonly string[] {
    return [...this.#jobs.keys()];
  }

  lose(call: LostCall): void {
    this.#lost = [...this.#lost.filter((one) => one.call !== call.call), call];
  }

  create(name: string, { body, items }: { readonly body: string; readonly items: number }): string {
    const before = this.#jobs.get(name);
    if (before !== undefined && before.body !== body) return "job_id_reused";
    this.#created += before === undefined ? 1 : 0;
    const job = before ?? this.#fresh(body, items);
    this.#jobs.set(name, job);
    if (before === undefined) job.alarmMs = this.nowMs + redriveMs;
    const answer = this.#attempt(() => this.#reserve(name, job)) ?? (before === undefined ? "new" : "known");
    this.#ringDue(this.nowMs);
    return answer;
  }

  cancel(name: string): void {
    const job = this.#jobs.get(name);
    if (job?.state === "queued" || job?.state === "running") {
      job.state = "cancelling";
      job.isStopped = true;
      this.#endQueued(job, "cancelled");
      job.alarmMs = this.nowMs;
    }
    this.#ringDue(this.nowMs);
  }

  remove(name: string): string | undefined {
    const job = this.#jobs.get(name);
    if (job === undefined) return "not_found";
    if (job.endedMs === undefined) return "job_not_ended";
    const lost = this.#attempt(() => {
      this.#tellEnd(name, job);
      this.#delete(name);
      return undefined;
    });
    this.#ringDue(this.nowMs);
    return lost;
  }

  /** Its object ends, and the platform begins again what the object's alarm was doing. */
  kill(name: string): void {
    const job = this.#jobs.get(name);
    if (job?.slice !== undefined) job.alarmMs ??= this.nowMs + retriedAfterMs;
    if (job !== undefined) Object.assign(job, { slice: undefined, isStopped: false });
    this.#ringDue(this.nowMs);
  }

  /** A request of a job is done, well or not. */
  finish(running: string, outcome: ModelOutcome): void {
    const [, hold = "", item = ""] = running.split(" ");
    const [name, job] = [...this.#jobs].find(([, one]) => one.hold === hold) ?? [];
    if (name === undefined || job?.slice === undefined) return;
    const { slice } = job;
    slice.running = slice.running.filter((one) => one !== Number(item));
    this.#follow(job, Number(item), outcome);
    this.#beginNext(job, slice);
    if (slice.running.length === 0) {
      job.slice = undefined;
      this.#attempt(() => this.#afterWork(name, job));
    }
    this.#ringDue(this.nowMs);
  }

  wait(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    this.#ringDue(endMs);
    this.nowMs = endMs;
  }

  #fresh(body: string, items: number): Job {
    return {
      hold: `hold-${this.#created}`,
      body,
      createdMs: this.nowMs,
      items: Array.from({ length: items }, () => ({ state: "queued", attempts: 0 })),
      state: "reserving",
      misses: 0,
      resumeMs: 0,
      endedMs: undefined,
      isStopped: false,
      isTold: false,
      slice: undefined,
      alarmMs: undefined,
    };
  }

  /** Who rings first is told by the time, and then by the order of creation. Nobody rings twice at once. */
  #ringDue(endMs: number): void {
    const due = () => {
      const ready = [...this.#jobs].filter(
        ([, { alarmMs, slice }]) => slice === undefined && (alarmMs ?? Number.POSITIVE_INFINITY) <= endMs,
      );
      return ready.toSorted(([, a], [, b]) => (a.alarmMs ?? 0) - (b.alarmMs ?? 0))[0];
    };
    for (let next = due(); next !== undefined; next = due()) {
      const [name, job] = next;
      this.nowMs = Math.max(this.nowMs, job.alarmMs ?? 0);
      job.alarmMs = this.nowMs + redriveMs;
      this.#attempt(() => this.#advance(name, job));
    }
  }

  #advance(name: string, job: Job): void {
    if (this.#reserve(name, job) !== undefined) return;
    if (job.state === "queued" && this.#call("enter", () => this.#enter(name))) job.state = "running";
    if (job.state === "running" && this.nowMs >= job.createdMs + dayMs) this.#endQueued(job, "failed");
    else if (job.state === "running") {
      const queue = job.items.flatMap(({ state }, item) => (state === "queued" ? [item] : []));
      job.slice = { startedMs: this.nowMs, queue, running: [] };
      for (let worker = 0; worker < atOnce; worker += 1) this.#beginNext(job, job.slice);
      if (job.slice.running.length > 0) return;
      job.slice = undefined;
    }
    this.#afterWork(name, job);
  }

  #beginNext(job: Job, slice: Slice): void {
    const [item, ...rest] = slice.queue;
    slice.queue = rest;
    const isLong = this.nowMs - slice.startedMs >= sliceMs;
    if (item === undefined || job.isStopped || isLong || job.resumeMs > this.nowMs) return;
    slice.running = [...slice.running, item];
  }

  #afterWork(name: string, job: Job): void {
    if (job.state === "cancelling") this.#endQueued(job, "cancelled");
    if (job.endedMs === undefined && job.items.every(({ state }) => state !== "queued")) {
      this.#call("endHold", () => this.#endHold(job.hold));
      const ends = new Set(job.items.map(({ state }) => state));
      const isMixed = ends.has("succeeded") ? "partial" : "failed";
      const notCancelled = ends.has("failed") ? isMixed : "succeeded";
      job.state = ends.has("cancelled") ? "cancelled" : notCancelled;
      job.endedMs = this.nowMs;
    }
    if (job.endedMs === undefined) {
      job.alarmMs = job.state === "queued" ? this.nowMs + turnMs : Math.max(this.nowMs, job.resumeMs);
      return;
    }
    this.#tellEnd(name, job);
    if (this.nowMs >= job.endedMs + keptMs) this.#delete(name);
    else job.alarmMs = job.endedMs + keptMs;
  }

  #reserve(name: string, job: Job): string | undefined {
    if (job.state !== "reserving") return undefined;
    if (!this.list.has(name)) this.list.set(name, "queued");
    const open = [...this.holds.values()].filter(({ isOpen }) => isOpen).length;
    const isHeld = this.#call("hold", () => {
      const isHeld = this.holds.has(job.hold) || open < this.#holdsMax;
      if (isHeld && !this.holds.has(job.hold)) this.holds.set(job.hold, { isOpen: true, spent: 0 });
      return isHeld;
    });
    if (!isHeld) {
      this.#delete(name);
      return "insufficient_quota";
    }
    job.state = "queued";
    job.alarmMs = this.nowMs;
    return undefined;
  }

  #enter(name: string): boolean {
    const unfinished = this.#unfinished();
    const mayRun = unfinished.indexOf(name) < jobsAtOnce;
    if (mayRun && this.list.get(name) === "queued") this.list.set(name, "running");
    return mayRun;
  }

  #unfinished(): readonly string[] {
    return [...this.list].flatMap(([name, state]) => (state === "queued" || state === "running" ? [name] : []));
  }

  #endHold(hold: string): void {
    const known = this.holds.get(hold);
    if (known !== undefined) known.isOpen = false;
  }

  #endQueued(job: Job, state: "failed" | "cancelled"): void {
    for (const [item, one] of job.items.entries()) {
      if (one.state === "queued" && job.slice?.running.includes(item) !== true) one.state = state;
    }
  }

  #follow(job: Job, item: number, outcome: ModelOutcome): void {
    const one = job.items[item];
    if (one === undefined || one.state !== "queued") return;
    const isFinal = outcome === "refused" || (outcome === "failed" && one.attempts + 1 >= attemptsMax);
    if (outcome === "done" || job.isStopped || isFinal) {
      this.#endItem(job, item, outcome);
      return;
    }
    if (outcome === "failed") one.attempts += 1;
    if (job.resumeMs > this.nowMs) return;
    const pauseMs = outcome === "busy" ? 5_000 : Math.min(1_000 * 2 ** job.misses, 60_000);
    job.misses += 1;
    job.resumeMs = this.nowMs + pauseMs;
  }

  #endItem(job: Job, item: number, outcome: ModelOutcome): void {
    const [one, hold] = [job.items[item], this.holds.get(job.hold)];
    const state = job.isStopped ? "cancelled" : "failed";
    if (one !== undefined) one.state = outcome === "done" ? "succeeded" : state;
    if (outcome === "done" && hold !== undefined) hold.spent += price;
    job.misses = 0;
  }

  #tellEnd(name: string, job: Job): void {
    if (job.isTold) return;
    const next = this.#call("end", () => {
      this.list.set(name, job.state);
      return this.#unfinished().slice(0, jobsAtOnce);
    });
    this.#call("webhook", () => this.webhooks.add(`${job.hold} ${job.state}`));
    job.isTold = true;
    for (const other of next) {
      const woken = this.#jobs.get(other);
      if (woken?.state === "queued") woken.alarmMs = this.nowMs;
    }
  }

  #delete(name: string): void {
    this.list.delete(name);
    this.#jobs.delete(name);
  }

  /** What a call does and answers; when it is lost, the job does nothing more until its alarm rings again. */
  #call<Answer>(call: LostCall["call"], work: () => Answer): Answer {
    const lost = this.#lost.find((one) => one.call === call);
    this.#lost = this.#lost.filter((one) => one !== lost);
    if (lost?.isHeard === false) throw new Error(lostCall);
    const answer = work();
    if (lost !== undefined) throw new Error(lostCall);
    return answer;
  }

  #attempt<Answer>(work: () => Answer): Answer | string {
    try {
      return work();
    } catch (error) {
      if (error instanceof Error && error.message === lostCall) return lostCall;
      throw error;
    }
  }
}
