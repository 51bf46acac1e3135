import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Lane, LaneReply, LaneTerms } from "../../../gpu-backend/lane/lane.ts";
import type { LaneTask } from "../../../gpu-backend/lane/lane-messages.ts";
import { createScheduler, type Scheduler } from "../../../gpu-backend/scheduling/scheduler.ts";
import { QueueModel } from "../../support/queue-model.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const placesMax = 6;
const picturesMax = 3;
const tenants = ["a", "b", "c"];
const priorities = ["interactive", "batch"] as const;
const stepsMin = 100_000;
const commandsMax = 100;
const testMsMax = 300_000;

interface Running {
  readonly id: number;
  readonly terms: LaneTerms;
  readonly settle: (reply: LaneReply) => void;
}

/** The scheduler, before a lane whose tasks end when the test says so. */
class Real {
  readonly running: Running[] = [];
  readonly clients = new Map<number, AbortController>();
  readonly answers = new Map<number, string[]>();
  readonly scheduler: Scheduler;
  sent = 0;
  steps = 0;

  constructor() {
    const lane: Lane = {
      isReady: () => true,
      started: Promise.resolve({ ok: true, value: undefined }),
      run: (task, terms) => this.#run(task, terms),
      close: async () => undefined,
    };
    const log = { info: () => undefined, warn: () => undefined };
    const rate = { observe: () => undefined, isMeasured: () => true, estimateMs: (_: string, units: number) => units };
    this.scheduler = createScheduler({ bounds: { waitingMax: placesMax, picturesMax }, lane, rate, log, now: () => 0 });
  }

  #run(task: LaneTask, terms: LaneTerms): Promise<LaneReply> {
    return new Promise((resolve) => {
      const id = idOf(task);
      const running = { id, terms, settle: resolve };
      this.running.push(running);
      terms.signal.addEventListener("abort", () => this.end(running, "stopped"), { once: true });
    });
  }

  end(running: Running, kind: "done" | "stopped"): void {
    const index = this.running.indexOf(running);
    if (index === -1) return;
    this.running.splice(index, 1);
    const fields = { id: running.id, gpuMs: 1, residentBytes: 1, timeline: [] };
    const bytes = new Uint8Array(1);
    const milliseconds = { textEncoder: 0, stageC: 0, stageB: 0, stageA: 0, encode: 0 };
    running.settle(
      kind === "done" ? { ...fields, kind, outcome: { files: [bytes], bytes, milliseconds } } : { ...fields, kind },
    );
  }
}

function idOf(task: LaneTask): number {
  if (task.kind === "stage-c") return task.request.seeds[0] ?? 0;
  return task.kind === "decode" ? (task.latent[0] ?? 0) : 0;
}

interface Submission {
  readonly tenant: string;
  readonly priority: "interactive" | "batch";
  readonly request: string | undefined;
  readonly cost: number;
  readonly isDecode: boolean;
}

/** Both know the same tasks, in the same places, and would say the same to whoever came now. */
async function compare(model: QueueModel, real: Real): Promise<void> {
  real.steps += 1;
  await nextTurn();
  const byId = (a: { readonly id: number }, b: { readonly id: number }) => a.id - b.id;
  expect(real.running.map(({ id, terms }) => ({ id, tag: terms.urgency.startTag })).toSorted(byId)).toEqual(
    model.running.map(({ id, shownTag }) => ({ id, tag: shownTag })).toSorted(byId),
  );
  expect(real.scheduler.depth()).toBe(model.running.length + model.waiting.length);
  for (const tenant of [...tenants, "new"]) {
    for (const priority of priorities) {
      const isRefused = real.scheduler.refusal({ tenant, priority }) !== undefined;
      expect(isRefused).toBe(!model.accepts({ tenant, priority, request: undefined }));
    }
  }
}

class Submit implements fc.AsyncCommand<QueueModel, Real> {
  readonly #task: Submission;

  constructor(task: Submission) {
    this.#task = task;
  }

  check = () => true;

  async run(model: QueueModel, real: Real): Promise<void> {
    const { tenant, priority, request, cost, isDecode } = this.#task;
    real.sent += 1;
    const id = real.sent;
    const client = new AbortController();
    const answers: string[] = [];
    real.clients.set(id, client);
    real.answers.set(id, answers);
    const terms = { tenant, priority, signal: client.signal, ...(request !== undefined && { request }) };
    const order = { ...tinyRequest, seeds: [id], steps: cost, guidanceScale: 1 };
    const answer = isDecode
      ? real.scheduler.decode({ latent: Uint8Array.of(id), revision: "any" }, { format: "png" }, terms)
      : real.scheduler.runStageC(order, terms);
    void answer.then((ended) => answers.push(ended.ok ? "done" : ended.error.failure.code));
    const isAccepted = model.submit({ ...this.#task, id, cost: isDecode ? 1 : cost, tag: 0, weighed: 0, shownTag: 0 });
    await compare(model, real);
    expect(answers).toEqual(isAccepted ? [] : ["backend_overloaded"]);
  }

  toString = () => `submit ${JSON.stringify(this.#task)}`;
}

/** The task at some place of all that run ends, or one of all that are there is cancelled. */
class End implements fc.AsyncCommand<QueueModel, Real> {
  readonly #place: number;
  readonly #isCancelled: boolean;

  constructor(place: number, isCancelled: boolean) {
    this.#place = place;
    this.#isCancelled = isCancelled;
  }

  check = (model: Readonly<QueueModel>) => this.#among(model).length > 0;

  async run(model: QueueModel, real: Real): Promise<void> {
    const among = this.#among(model);
    const { id } = among[this.#place % among.length] ?? { id: 0 };
    const running = real.running.find((task) => task.id === id);
    model.remove(id);
    if (this.#isCancelled) real.clients.get(id)?.abort();
    else if (running !== undefined) real.end(running, "done");
    await compare(model, real);
    expect(real.answers.get(id)).toEqual([this.#isCancelled ? "job_cancelled" : "done"]);
  }

  #among({ running, waiting }: Readonly<QueueModel>) {
    return this.#isCancelled ? [...running, ...waiting] : running;
  }

  toString = () => `${this.#isCancelled ? "cancel" : "end"} ${this.#place}`;
}

const commands = fc.commands<QueueModel, Real, false>(
  [
    fc
      .record({
        tenant: fc.constantFrom(...tenants),
        priority: fc.constantFrom(...priorities),
        request: fc.option(fc.constantFrom("request 1", "request 2", "request 3"), { nil: undefined }),
        cost: fc.integer({ min: 1, max: 30 }),
        isDecode: fc.boolean(),
      })
      .map((task) => new Submit(task)),
    fc.nat({ max: 20 }).map((place) => new End(place, false)),
    fc.nat({ max: 20 }).map((place) => new End(place, true)),
  ],
  { maxCommands: commandsMax, size: "max" },
);

test(
  "whatever comes, ends and is cancelled, the scheduler does what the model of the queue does, step by step",
  async () => {
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(commands, async (story) => {
        const real = new Real();
        await fc.asyncModelRun(() => ({ model: new QueueModel(placesMax, picturesMax), real }), story);
        steps += real.steps;
        for (const running of [...real.running]) real.end(running, "done");
      }),
      { numRuns: 3_500 },
    );
    expect(steps).toBeGreaterThan(stepsMin);
  },
  testMsMax,
);
