import type { Failure } from "../../../shared/errors.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { StageCOutcome } from "../../../workers/gpu/gpu-client.ts";
import { deferred } from "../support/deferred.ts";
import type { VirtualNetwork } from "../support/virtual-network.ts";
import type { TaskEnd } from "./single-flight-model.ts";

type Outcome = Result<StageCOutcome, Failure>;

const outcomes: Readonly<Record<TaskEnd, Outcome>> = {
  made: ok({ latents: [Uint8Array.of(1)], milliseconds: {} }),
  failed: err({ code: "backend_failed" }),
  "stopped at once": err({ code: "job_cancelled", doneShare: 0 }),
  "stopped halfway": err({ code: "job_cancelled", doneShare: 0.5 }),
};
const unavailable: Outcome = err({ code: "backend_unavailable" });

/** A backend whose tasks end when a test says so, and who hears of them and answers over the network. */
export class VirtualBackend {
  readonly #network: VirtualNetwork;
  readonly #running = new Map<number, (outcome: Outcome) => void>();
  readonly #finished = new Set<number>();
  readonly #callers = new Map<number, (outcome: Outcome) => void>();
  #tasks = 0;

  constructor(network: VirtualNetwork) {
    this.#network = network;
  }

  run(signal: AbortSignal): Promise<Outcome> {
    this.#tasks += 1;
    const task = this.#tasks;
    const { promise, resolve } = deferred<Outcome>();
    const network = this.#network;
    this.#callers.set(task, resolve);
    network.send(
      `run task ${task}`,
      () => this.#begin(task),
      () => resolve(unavailable),
    );
    let isAnswered = false;
    void promise.then(() => {
      isAnswered = true;
    });
    signal.addEventListener("abort", () => {
      if (!isAnswered) network.send(`cancel task ${task}`, () => this.#cancel(task));
    });
    return promise;
  }

  end(task: number, end: TaskEnd): void {
    const resolve = this.#callers.get(task) ?? (() => undefined);
    this.#running.delete(task);
    this.#finished.add(task);
    this.#network.send(
      `task ${task} ${end}`,
      () => resolve(outcomes[end]),
      () => resolve(unavailable),
    );
  }

  /** Every connection breaks. */
  kill(): void {
    for (const [task, resolve] of this.#running) {
      this.#finished.add(task);
      resolve(unavailable);
    }
    this.#running.clear();
  }

  #begin(task: number): void {
    if (!this.#finished.has(task)) this.#running.set(task, this.#callers.get(task) ?? (() => undefined));
  }

  #cancel(task: number): void {
    if (!this.#finished.has(task)) this.end(task, this.#running.has(task) ? "stopped halfway" : "stopped at once");
  }
}
