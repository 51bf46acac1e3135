import { setImmediate as nextTurn } from "node:timers/promises";
import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { WorkBudget } from "../../../workers/account/money/reservation.ts";
import type { Generation } from "../../../workers/generation/generate-image.ts";
import type { JobClient, JobListClient } from "../../../workers/jobs/client.ts";
import { Job, type JobServices } from "../../../workers/jobs/job.ts";
import { type JobEnd, JobList, type NewListedJob } from "../../../workers/jobs/job-list.ts";
import { JobStore } from "../../../workers/jobs/job-store.ts";
import { deferred } from "../support/deferred.ts";
import { SqliteStorage } from "../support/sqlite-storage.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import type { LostCall, ModelOutcome } from "./jobs-model.ts";

/** What of the real thing a test may put a fault into. */
export interface Plant {
  readonly services?: (services: JobServices) => JobServices;
  readonly list?: (list: JobList) => JobList;
  readonly job?: (job: Job) => Job;
}

type Answer = Result<Generation, Failure>;

const account = "account";
const retriedAfterMs = 2_000;
const price = 10;
const settlement = { chargedMicroUsd: price, priceBook: 1, lines: [] };
const delivered: Pick<Generation, "pictures" | "decode" | "warnings" | "settlement"> = {
  pictures: [],
  decode: { format: "png" },
  warnings: [],
  settlement,
};

const outcomes: Readonly<Record<ModelOutcome, Answer>> = {
  done: ok(delivered as Generation),
  refused: err({ code: "insufficient_quota", requiredMicroUsd: 2, availableMicroUsd: 1 }),
  failed: err({ code: "backend_failed" }),
  unavailable: err({ code: "backend_unavailable" }),
  busy: err({ code: "backend_overloaded", retryAfterSeconds: 5 }),
};

/** Storages are used again by one story after another. */
const storages: SqliteStorage[] = [];

/** A Durable Object of one job. */
interface JobObjectState {
  readonly name: string;
  readonly storage: SqliteStorage;
  readonly store: JobStore;
  alarmMs: number | undefined;
  isRinging: boolean;
  /** Raised when it ends: what it waited for is nobody's any more. */
  generation: number;
}

interface JobObject extends JobObjectState {
  /** What is in memory: another one after each end. */
  job: Job;
}

/** The jobs of one account, with objects that end, alarms that ring, and calls that get lost. */
export class RealJobs {
  readonly clock: VirtualClock;
  readonly holds = new Map<string, { isOpen: boolean; spent: number }>();
  readonly webhooks = new Set<string>();
  readonly #holdsMax: number;
  readonly #plant: Plant;
  readonly #running = new Map<string, (outcome: ModelOutcome) => void>();
  readonly #objects = new Map<string, JobObject>();
  readonly #listStorage: SqliteStorage;
  readonly #list: JobList;
  readonly #used: SqliteStorage[] = [];
  #lost: readonly LostCall[] = [];
  #created = 0;

  constructor(clock: VirtualClock, holdsMax: number, plant: Plant) {
    this.clock = clock;
    this.#holdsMax = holdsMax;
    this.#plant = plant;
    this.#listStorage = this.#take();
    const list = new JobList(this.#listStorage);
    this.#list = plant.list?.(list) ?? list;
  }

  get running(): readonly string[] {
    return [...this.#running.keys()].toSorted();
  }

  get list(): Map<string, string> {
    const listed = this.#list.list(Number.MAX_SAFE_INTEGER, 100).toReversed();
    return new Map(listed.map(({ jobId, state }) => [jobId, state]));
  }

  get view(): Record<string, unknown> {
    const known = [...this.#objects.values()].flatMap(({ name, store, storage, alarmMs }) => {
      const job = store.read();
      if (job === undefined) return [];
      const rows = storage.sql.exec("SELECT state, attempts FROM items ORDER BY item").toArray();
      const items = rows.map(({ state, attempts }) => `${state}, ${attempts} attempts`);
      const { state, misses, resumeMs, endedMs } = job;
      return [[name, { state, items, alarmMs, misses, resumeMs, endedMs }] as const];
    });
    return Object.fromEntries(known);
  }

  close(): void {
    for (const storage of this.#used) {
      storage.undo();
      storages.push(storage);
    }
  }

  lose(call: LostCall): void {
    this.#lost = [...this.#lost.filter((one) => one.call !== call.call), call];
  }

  async create(name: string, { body, items }: { readonly body: string; readonly items: number }): Promise<string> {
    const object = this.#objectOf(name);
    const isNew = object.store.read() === undefined;
    this.#created += isNew ? 1 : 0;
    const order = {
      account,
      keyId: undefined,
      mayShare: false,
      location: "here",
      origin: undefined,
      jobId: name,
      holdId: `hold-${this.#created}`,
      digest: body,
      ceilingMicroUsd: 100,
      webhookUrl: "https://hook.test",
      createdMs: this.clock.nowMs,
      requests: Array.from({ length: items }, () => ({ json: '{"prompt":"a cat"}' })),
    };
    const created = await object.job.create(order).catch(() => "lost" as const);
    await this.ringDue(this.clock.nowMs);
    if (created === "lost") return created;
    if (!created.ok) return created.error.code;
    return created.value.isNew ? "new" : "known";
  }

  async cancel(name: string): Promise<void> {
    await this.#objectOf(name).job.cancel();
    await this.ringDue(this.clock.nowMs);
  }

  async remove(name: string): Promise<string | undefined> {
    const removed = await this.#objectOf(name)
      .job.remove()
      .catch(() => "lost" as const);
    await this.ringDue(this.clock.nowMs);
    if (removed === "lost") return removed;
    return removed.ok ? undefined : removed.error.code;
  }

  async kill(name: string): Promise<void> {
    const object = this.#objectOf(name);
    const hold = object.store.read()?.spec.holdId;
    for (const running of this.running) if (running.startsWith(`job ${hold} `)) this.#running.delete(running);
    object.generation += 1;
    if (object.isRinging) object.alarmMs ??= this.clock.nowMs + retriedAfterMs;
    object.isRinging = false;
    object.job = this.#newJob(object);
    await this.ringDue(this.clock.nowMs);
  }

  async finish(running: string, outcome: ModelOutcome): Promise<void> {
    const tell = this.#running.get(running);
    this.#running.delete(running);
    tell?.(outcome);
    await nextTurn();
    await this.ringDue(this.clock.nowMs);
  }

  async wait(milliseconds: number): Promise<void> {
    const endMs = this.clock.nowMs + milliseconds;
    await this.ringDue(endMs);
    this.clock.nowMs = endMs;
  }

  /** An alarm that is due while its last one still works waits for that. */
  async ringDue(endMs: number): Promise<void> {
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      const object = next;
      const { generation } = object;
      this.clock.nowMs = Math.max(this.clock.nowMs, object.alarmMs ?? 0);
      object.alarmMs = undefined;
      object.isRinging = true;
      const rest = () => {
        if (object.generation === generation) object.isRinging = false;
      };
      void object.job.advance().then(rest, rest);
      await nextTurn();
    }
  }

  #nextDue(endMs: number): JobObject | undefined {
    const due = [...this.#objects.values()].filter(
      ({ alarmMs, isRinging }) => !isRinging && (alarmMs ?? Number.POSITIVE_INFINITY) <= endMs,
    );
    return due.toSorted((a, b) => (a.alarmMs ?? 0) - (b.alarmMs ?? 0))[0];
  }

  #take(): SqliteStorage {
    const storage = storages.pop() ?? new SqliteStorage();
    storage.begin();
    this.#used.push(storage);
    return storage;
  }

  #objectOf(name: string): JobObject {
    const known = this.#objects.get(name);
    if (known !== undefined) return known;
    const storage = this.#take();
    const fresh = { name, storage, store: new JobStore(storage), alarmMs: undefined, isRinging: false, generation: 0 };
    const object: JobObject = Object.assign<JobObjectState, Pick<JobObject, "job">>(fresh, {
      job: this.#newJob(fresh),
    });
    this.#objects.set(name, object);
    return object;
  }

  #newJob(object: JobObjectState): Job {
    const services = this.#services(object);
    const job = new Job(this.#plant.services?.(services) ?? services);
    return this.#plant.job?.(job) ?? job;
  }

  #services(object: JobObjectState): JobServices {
    const accounts = {
      of: () => ({
        hold: (budget: WorkBudget) => this.#call("hold", () => this.#hold(budget.holdId)),
        endHold: (holdId: string) => this.#call("endHold", () => this.#endHold(holdId)),
      }),
    };
    return {
      store: object.store,
      nowMs: () => this.clock.nowMs,
      timeout: (milliseconds) => this.clock.timeout(milliseconds),
      log: () => undefined,
      generate: ({ idempotencyKey = "" }) => this.#generate(idempotencyKey),
      setAlarm(atMs) {
        object.alarmMs = atMs;
      },
      clear: async () => {
        object.storage.undo();
        object.storage.begin();
        object.alarmMs = undefined;
        this.#objects.delete(object.name);
      },
      accounts,
      // The methods that a job calls on others.
      jobs: { of: (_, jobId) => this.#clientOf(jobId), listOf: () => this.#listClient() as JobListClient },
      sendWebhook: ({ id, state }) =>
        this.#call("webhook", () => void this.webhooks.add(`${id.slice("msg_".length)} ${state}`)),
    };
  }

  /** A job wakes others, and calls nothing else of them. */
  #clientOf(jobId: string): JobClient {
    const client: Pick<JobClient, "wake"> = { wake: async () => this.#objectOf(jobId).job.wake() };
    return client as JobClient;
  }

  #listClient(): Pick<JobListClient, "add" | "enter" | "ahead" | "end" | "remove"> {
    const list = this.#list;
    return {
      add: async (job: NewListedJob) => list.add(job),
      enter: (jobId: string) => this.#call("enter", () => list.enter(jobId)),
      ahead: async (jobId: string) => list.ahead(jobId),
      end: (end: JobEnd) => this.#call("end", () => list.end(end)),
      remove: async (jobId: string) => list.remove(jobId),
    };
  }

  #generate(name: string): Promise<Answer> {
    const { promise, resolve } = deferred<Answer>();
    this.#running.set(name, (outcome) => {
      const hold = this.holds.get(name.split(" ")[1] ?? "");
      if (outcome === "done" && hold !== undefined) hold.spent += price;
      resolve(outcomes[outcome]);
    });
    return promise;
  }

  #hold(holdId: string): Result<undefined, Failure> {
    if (this.holds.has(holdId)) return ok(undefined);
    const open = [...this.holds.values()].filter(({ isOpen }) => isOpen).length;
    if (open >= this.#holdsMax) return err({ code: "insufficient_quota", requiredMicroUsd: 100, availableMicroUsd: 0 });
    this.holds.set(holdId, { isOpen: true, spent: 0 });
    return ok(undefined);
  }

  #endHold(holdId: string): number | undefined {
    const hold = this.holds.get(holdId);
    if (hold !== undefined) hold.isOpen = false;
    return hold?.spent;
  }

  async #call<Value>(call: LostCall["call"], work: () => Value): Promise<Value> {
    const lost = this.#lost.find((one) => one.call === call);
    this.#lost = this.#lost.filter((one) => one !== lost);
    if (lost?.isHeard === false) throw new TypeError("lost");
    const value = work();
    if (lost !== undefined) throw new TypeError("lost");
    return value;
  }
}
