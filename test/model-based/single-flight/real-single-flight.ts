import { err } from "../../../shared/result.ts";
import type { WorkDone } from "../../../workers/account/account-book.ts";
import type { ChargeLine } from "../../../workers/prices/price-book.ts";
import { createLatentRuns, type LatentRunClient, type LatentRuns } from "../../../workers/single-flight/client.ts";
import {
  type LatentRequest,
  LatentRun,
  type LatentRunRecord,
  type LatentRunServices,
  type LatentRunStore,
} from "../../../workers/single-flight/latent-run.ts";
import { deferred } from "../support/deferred.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import { VirtualBackend } from "./virtual-backend.ts";

/** What of the real thing a test may put a fault into. */
export interface Plant {
  readonly services?: (services: LatentRunServices) => LatentRunServices;
  readonly object?: (object: LatentRun) => LatentRun;
  readonly client?: (client: LatentRunClient) => LatentRunClient;
}

const redriveMs = 10_000;
const latentId = "a".repeat(64);
const lines: readonly ChargeLine[] = [
  { kind: "generation", latentId, microUsd: 100 },
  { kind: "storage", latentId, microUsd: 1 },
];
const request = {
  latentId,
  account: "account",
  priority: "interactive",
  lines,
  job: {
    model: "tiny",
    revision: "r",
    tokenIds: [1],
    negativeTokenIds: [1],
    seeds: [1],
    steps: 4,
    guidanceScale: 3,
    latentShape: [16, 4, 4],
  },
} satisfies Omit<LatentRequest, "waiterId" | "reservationId">;

/** What the platform throws where an object ended or could not be reached. */
const gone = () => Object.assign(new TypeError("The object is gone."), { retryable: true });

type Reject = (error: Error) => void;

/** Callers, one object after another, a backend and a ledger, with a network between all of them. */
export class RealSingleFlight {
  readonly network = new VirtualNetwork();
  readonly backend = new VirtualBackend(this.network);
  readonly noted = new Set<string>();
  readonly outcomes: Record<string, string | undefined> = {};
  record: LatentRunRecord | undefined;
  alarmMs: number | undefined;
  readonly clock: VirtualClock;
  readonly #plant: Plant;
  readonly #runs: LatentRuns;
  readonly #clients = new Map<string, AbortController>();
  /** Calls that an object has and has not answered. */
  #inside = new Map<string, Reject>();
  #object: LatentRun;
  /** Each object is told from those before it. */
  #generation = 0;
  isStored = false;

  constructor(clock: VirtualClock, plant: Plant) {
    this.clock = clock;
    this.#plant = plant;
    this.#object = this.#newObject();
    const stub = plant.client?.(this.#stub()) ?? this.#stub();
    this.#runs = createLatentRuns({ getByName: () => stub }, () => `waiter ${this.#clients.size}`);
  }

  ask(reservationId: string): void {
    const waiter = `waiter ${this.#clients.size + 1}`;
    const client = new AbortController();
    this.#clients.set(waiter, client);
    this.outcomes[waiter] = undefined;
    const asked = this.#runs.obtain({ request: { ...request, reservationId }, signal: client.signal });
    void asked.then(
      (outcome) => {
        this.outcomes[waiter] = outcome.ok ? nameOf(outcome.value.reservationId) : outcome.error.code;
      },
      () => {
        this.outcomes[waiter] = "lost";
      },
    );
  }

  leave(waiter: string): void {
    this.#clients.get(waiter)?.abort();
  }

  killObject(): void {
    const inside = [...this.#inside.values()];
    this.#generation += 1;
    this.#inside = new Map();
    this.#object = this.#newObject();
    for (const reject of inside) reject(gone());
  }

  async ring(): Promise<void> {
    if (this.alarmMs === undefined || this.alarmMs > this.clock.nowMs) return;
    this.alarmMs = undefined;
    void this.#object.redrive().catch(() => undefined);
  }

  #newObject(): LatentRun {
    const services: LatentRunServices = {
      store: this.#store(),
      gpu: { runStageC: (_, { signal }) => this.#whileAlive(this.backend.run(signal)) },
      latents: {
        find: async () => (this.isStored ? { bytes: Uint8Array.of(1), account: "account", madeMs: 0 } : undefined),
        put: async () => {
          this.isStored = true;
        },
      },
      accounts: { of: () => ({ recordWork: (work: WorkDone) => this.#whileAlive(this.#note(work)) }) },
      log: () => undefined,
    };
    const object = new LatentRun(this.#plant.services?.(services) ?? services);
    return this.#plant.object?.(object) ?? object;
  }

  /** What an object waits for when it ends never comes. */
  #whileAlive<Value>(outcome: Promise<Value>): Promise<Value> {
    const generation = this.#generation;
    return new Promise((resolve, reject) => {
      const ifAlive = (tell: () => void) => this.#generation === generation && tell();
      outcome.then(
        (value) => ifAlive(() => resolve(value)),
        (error) => ifAlive(() => reject(error)),
      );
    });
  }

  #store(): LatentRunStore {
    const setAlarm = () => {
      this.alarmMs = this.clock.nowMs + redriveMs;
    };
    return {
      read: () => this.record,
      write: (record) => {
        this.record = record;
        setAlarm();
      },
      setAlarm,
      clear: async () => {
        this.record = undefined;
        this.alarmMs = undefined;
      },
    };
  }

  #note({ reservationId, lines: [line] }: WorkDone): Promise<void> {
    const name = `${reservationId} pays ${line?.kind === "stopped" ? "half" : "in full"}`;
    const { promise, resolve, reject } = deferred<void>();
    const arrive = () => {
      this.noted.add(name);
      resolve();
    };
    this.network.send(name, arrive, () => reject(gone()));
    return promise;
  }

  #stub(): LatentRunClient {
    const calls = new Map<string, number>();
    return {
      obtain: (asked) => {
        const count = (calls.get(asked.waiterId) ?? 0) + 1;
        calls.set(asked.waiterId, count);
        return this.#call(`${asked.waiterId}, call ${count}`, asked);
      },
      leave: (waiterId) =>
        new Promise((resolve, reject) => {
          const arrive = () => {
            this.#object.leave(waiterId);
            resolve();
          };
          this.network.send(`leave ${waiterId}`, arrive, () => reject(new TypeError("lost")));
        }),
    };
  }

  #call(call: string, asked: Parameters<LatentRunClient["obtain"]>[0]): ReturnType<LatentRunClient["obtain"]> {
    const { promise, resolve, reject } = deferred<Awaited<ReturnType<LatentRunClient["obtain"]>>>();
    let isOver = false;
    const fail = (error: Error) => {
      if (isOver) return;
      isOver = true;
      reject(error);
    };
    const arrive = async () => {
      this.#inside.set(call, fail);
      const outcome = await this.#whileAlive(this.#object.obtain(asked)).catch(() =>
        err({ code: "internal" } as const),
      );
      this.#inside.delete(call);
      if (isOver) return;
      isOver = true;
      const name = outcome.ok ? nameOf(outcome.value.reservationId) : outcome.error.code;
      this.network.send(
        `${name} for ${call}`,
        () => resolve(outcome),
        () => reject(gone()),
      );
    };
    this.network.send(
      `obtain for ${call}`,
      () => void arrive(),
      () => fail(gone()),
    );
    return promise;
  }
}

function nameOf(reservationId: string | undefined): string {
  return reservationId === undefined ? "stored" : `made for ${reservationId}`;
}
