// What single flight promises, with every message between callers, object, backend and ledger. Imports nothing of the
// code under test.

/** What a caller hears in the end: which reservation pays for the latent, that it was there, or why there is none. */
export type ModelOutcome = string;

interface Call {
  readonly name: string;
  readonly waiter: string;
  readonly reservation: string;
  /** It was answered, or its sender has noticed that it will not be. */
  isOver: boolean;
}

interface Waiter {
  readonly waiter: string;
  readonly reservation: string;
}

interface Run {
  readonly task: number;
  payer: Waiter;
  calls: Call[];
  isStopping: boolean;
  /** The latent is stored: from now on it is clear who pays. */
  isMade: boolean;
}

interface Client {
  readonly reservation: string;
  attempts: number;
  hasLeft: boolean;
  outcome: ModelOutcome | undefined;
}

type Message =
  | { readonly kind: "obtain" | "answer"; readonly name: string; readonly call: Call; readonly outcome: ModelOutcome }
  | { readonly kind: "leave"; readonly name: string; readonly waiter: string }
  | { readonly kind: "run" | "cancel"; readonly name: string; readonly task: number }
  | { readonly kind: "ran"; readonly name: string; readonly task: number; readonly end: TaskEnd }
  | { readonly kind: "note"; readonly name: string; readonly line: string; readonly next: (() => void) | undefined };

/** How a task ended; of one that was stopped, whether any of it had run. */
export type TaskEnd = "made" | "failed" | "stopped at once" | "stopped halfway";

const attemptsMax = 3;
const redriveMs = 10_000;
const redrivesMax = 3;

/** The making of one latent, of which a story tells. */
export class SingleFlightModel {
  isStored = false;
  record: (Waiter & { readonly attempts: number }) | undefined;
  alarmMs: number | undefined;
  nowMs = 0;
  readonly clients = new Map<string, Client>();
  readonly noted = new Set<string>();
  /** Tasks at the backend. */
  running: readonly number[] = [];
  #messages: readonly Message[] = [];
  #waiting = new Map<string, string>();
  #queued: readonly Call[] = [];
  #run: Run | undefined;
  #tasks = 0;
  readonly #finished = new Set<number>();

  get names(): readonly string[] {
    return this.#messages.map(({ name }) => name).toSorted();
  }

  get outcomes(): Record<string, ModelOutcome | undefined> {
    return Object.fromEntries([...this.clients].map(([waiter, { outcome }]) => [waiter, outcome]));
  }

  /** Those who still wait and have not left. */
  get waiters(): readonly string[] {
    return [...this.clients].filter(([, one]) => one.outcome === undefined && !one.hasLeft).map(([waiter]) => waiter);
  }

  ask(reservation: string): void {
    const waiter = `waiter ${this.clients.size + 1}`;
    this.clients.set(waiter, { reservation, attempts: 0, hasLeft: false, outcome: undefined });
    this.#sendObtain(waiter);
  }

  leave(waiter: string): void {
    const client = this.clients.get(waiter);
    if (client === undefined) return;
    client.hasLeft = true;
    this.#send({ kind: "leave", name: `leave ${waiter}`, waiter });
  }

  arrive(name: string): void {
    const message = this.#take(name);
    if (message?.kind === "obtain") this.#join(message.call);
    if (message?.kind === "answer") this.#hear(message.call, message.outcome);
    if (message?.kind === "leave") this.#leave(message.waiter);
    if (message?.kind === "run") this.#begin(message.task);
    if (message?.kind === "cancel") this.#cancel(message.task);
    if (message?.kind === "ran") this.#ended(message.task, message.end);
    if (message?.kind === "note") {
      this.noted.add(message.line);
      message.next?.();
    }
  }

  lose(name: string): void {
    const message = this.#take(name);
    // One of two copies says nothing once the other was answered.
    const isOpen = message?.kind === "obtain" && !message.call.isOver;
    if (isOpen || message?.kind === "answer") this.#askAgain(message.call);
    if (message?.kind === "run" || message?.kind === "ran") this.#finishTask(message.task, "backend_unavailable");
    // A ledger that cannot be reached spoils no latent.
    if (message?.kind === "note") message.next?.();
  }

  double(name: string): void {
    const message = this.#messages.find((one) => one.name === name);
    if (message !== undefined) this.#messages = [...this.#messages, message];
  }

  /** The backend has done a task. */
  compute(task: number, end: TaskEnd): void {
    this.running = this.running.filter((one) => one !== task);
    this.#finished.add(task);
    this.#send({ kind: "ran", name: `task ${task} ${end}`, task, end });
  }

  killBackend(): void {
    const lost = this.running;
    this.running = [];
    for (const task of lost) {
      this.#finished.add(task);
      this.#finishTask(task, "backend_unavailable");
    }
  }

  /** What is in memory is gone; those who called it notice, and call the next one. */
  killObject(): void {
    const inside = [...(this.#run?.calls ?? []), ...this.#queued].filter(({ isOver }) => !isOver);
    this.#run = undefined;
    this.#waiting = new Map();
    this.#queued = [];
    // What it was going to do once its note is there, it does no more.
    this.#messages = this.#messages.map((one) => (one.kind === "note" ? { ...one, next: undefined } : one));
    for (const call of inside) this.#askAgain(call);
  }

  wait(milliseconds: number): void {
    this.nowMs += milliseconds;
    if (this.alarmMs === undefined || this.alarmMs > this.nowMs) return;
    this.alarmMs = undefined;
    if (this.#run !== undefined) this.alarmMs = this.nowMs + redriveMs;
    else if (this.record !== undefined && this.record.attempts >= redrivesMax) this.record = undefined;
    else if (this.record !== undefined) {
      const { reservation } = this.record;
      this.#join({ name: "", waiter: "alarm", reservation, isOver: true });
    }
  }

  #send(message: Message): void {
    this.#messages = [...this.#messages, message];
  }

  #take(name: string): Message | undefined {
    const index = this.#messages.findIndex((message) => message.name === name);
    const message = this.#messages[index];
    this.#messages = this.#messages.filter((_, place) => place !== index);
    return message;
  }

  #sendObtain(waiter: string): void {
    const client = this.clients.get(waiter);
    if (client === undefined) return;
    client.attempts += 1;
    const { reservation, attempts } = client;
    const call = { name: `${waiter}, call ${attempts}`, waiter, reservation, isOver: false };
    this.#send({ kind: "obtain", name: `obtain for ${call.name}`, call, outcome: "" });
  }

  /** Who has left asks no more. */
  #askAgain(call: Call): void {
    call.isOver = true;
    const client = this.#callerOf(call);
    if (client === undefined) return;
    if (client.attempts === attemptsMax) client.outcome = "lost";
    else if (client.hasLeft) client.outcome = "job_cancelled";
    else this.#sendObtain(call.waiter);
  }

  #hear(call: Call, outcome: ModelOutcome): void {
    const client = this.#callerOf(call);
    if (client !== undefined) client.outcome = outcome;
  }

  /** Who waits for the answer to this very call. */
  #callerOf({ waiter, name }: Call): Client | undefined {
    const client = this.clients.get(waiter);
    return name === `${waiter}, call ${client?.attempts}` && client?.outcome === undefined ? client : undefined;
  }

  #answer(call: Call, outcome: ModelOutcome): void {
    if (call.isOver) return;
    call.isOver = true;
    this.#send({ kind: "answer", name: `${outcome} for ${call.name}`, call, outcome });
  }

  #join(call: Call): void {
    if (this.#run?.isStopping === true) {
      this.#queued = [...this.#queued, call];
      return;
    }
    this.#waiting.set(call.waiter, call.reservation);
    if (this.#run !== undefined) this.#run.calls.push(call);
    else this.#start(call);
  }

  /** An object before this one may have begun it for somebody: they pay. */
  #start(call: Call): void {
    const before = this.record;
    const { waiter, reservation } = before ?? call;
    this.#record({ waiter, reservation, attempts: (before?.attempts ?? 0) + 1 });
    const task = this.isStored ? 0 : this.#tasks + 1;
    const run = { task, payer: { waiter, reservation }, calls: [call], isStopping: false, isMade: false };
    this.#run = run;
    if (!this.isStored) {
      this.#tasks = task;
      this.#send({ kind: "run", name: `run task ${run.task}`, task: run.task });
    } else if (before === undefined) this.#finish("stored");
    else this.#pay(run, "in full", `made for ${reservation}`);
  }

  #record(record: Waiter & { readonly attempts: number }): void {
    this.record = record;
    this.alarmMs = this.nowMs + redriveMs;
  }

  #leave(waiter: string): void {
    const queued = this.#queued.filter((call) => call.waiter === waiter);
    this.#queued = this.#queued.filter((call) => call.waiter !== waiter);
    for (const call of queued) this.#answer(call, "job_cancelled");
    const reservation = this.#waiting.get(waiter);
    const run = this.#run;
    if (reservation === undefined || run === undefined || run.isStopping) return;
    this.#waiting.delete(waiter);
    if (this.#waiting.size > 0) {
      for (const call of run.calls) if (call.waiter === waiter) this.#answer(call, "job_cancelled");
      this.#passPayer(run, reservation);
      return;
    }
    if (!run.isMade) run.payer = { waiter, reservation };
    run.isStopping = true;
    if (!run.isMade) this.#send({ kind: "cancel", name: `cancel task ${run.task}`, task: run.task });
  }

  #passPayer(run: Run, reservation: string): void {
    const [next] = this.#waiting;
    const isStillHeld = [...this.#waiting.values()].includes(reservation);
    if (next === undefined || run.isMade || run.payer.reservation !== reservation || isStillHeld) return;
    run.payer = { waiter: next[0], reservation: next[1] };
    if (this.record !== undefined) this.#record({ ...run.payer, attempts: this.record.attempts });
  }

  #begin(task: number): void {
    if (!this.#finished.has(task) && !this.running.includes(task)) this.running = [...this.running, task];
  }

  #cancel(task: number): void {
    if (this.#finished.has(task)) return;
    this.compute(task, this.running.includes(task) ? "stopped halfway" : "stopped at once");
  }

  #ended(task: number, end: TaskEnd): void {
    const run = this.#run;
    if (run?.task !== task || run.isMade) return;
    if (end === "made") {
      this.isStored = true;
      this.#pay(run, "in full", `made for ${run.payer.reservation}`);
    } else if (end === "stopped halfway") {
      this.#pay(run, "half", "job_cancelled");
    } else this.#finish(end === "failed" ? "backend_failed" : "job_cancelled");
  }

  #finishTask(task: number, outcome: ModelOutcome): void {
    if (this.#run?.task === task && !this.#run.isMade) this.#finish(outcome);
  }

  /** The run's outcome is told once its work is noted. */
  #pay(run: Run, share: string, outcome: ModelOutcome): void {
    run.isMade = true;
    const line = `${run.payer.reservation} pays ${share}`;
    const next = () => {
      if (this.#run === run) this.#finish(outcome);
    };
    this.#send({ kind: "note", name: line, line, next });
  }

  #finish(outcome: ModelOutcome): void {
    const calls = this.#run?.calls ?? [];
    const queued = this.#queued;
    this.#run = undefined;
    this.record = undefined;
    this.alarmMs = undefined;
    this.#waiting = new Map();
    this.#queued = [];
    for (const call of calls) this.#answer(call, outcome);
    for (const call of queued) this.#join(call);
  }
}
