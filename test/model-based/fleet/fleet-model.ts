// What a fleet of backends promises: who is asked, and when another is. Imports nothing of the code under test.

/** A backend as the fleet was told of it. */
export interface ModelBackend {
  readonly name: string;
  /** Of a round trip from where requests come, in milliseconds. */
  readonly roundTripMs: number;
  readonly isStandby: boolean;
}

/** What a backend answers, or how it does not. */
export type ModelAnswer =
  | { readonly kind: "done"; readonly backlogMs: number }
  | { readonly kind: "busy"; readonly retryAfterSeconds: number }
  | { readonly kind: "lost" | "failed" | "failed everywhere" | "rejected" };

interface Backend extends ModelBackend {
  failures: number;
  lookAtMs: number;
  busyUntilMs: number;
}

interface Request {
  readonly number: number;
  readonly order: readonly Backend[];
  begun: number;
  underWay: readonly Attempt[];
  refusals: readonly string[];
  isUnwanted: boolean;
  isLate: boolean;
  outcome: string | undefined;
}

interface Attempt {
  readonly request: Request;
  readonly backend: Backend;
  readonly startedMs: number;
  misses: number;
}

type Message =
  | { readonly name: string; readonly attempt: Attempt }
  /** `attempt`: whom it is for; without one, it closes or opens the circuit. */
  | { readonly name: string; readonly look: Backend; readonly of: Attempt | undefined };

interface Timer {
  readonly atMs: number;
  readonly ring: () => void;
}

const requestMs = 45_250;
const unmeasuredMs = 1_000;
const circuitFailures = 3;
const lookMs = 2_000;
const lookEveryMs = 10_000;
const lookDelayMsMax = 60_000;
const lost: ModelAnswer = { kind: "lost" };

/** Several backends, and the requests of one kind that are sent to them. */
export class FleetModel {
  nowMs: number;
  readonly #backends: readonly Backend[];
  readonly requests: Request[] = [];
  #messages: readonly Message[] = [];
  #timers: readonly Timer[] = [];
  #durations: readonly number[] = [];
  #looks = 0;

  constructor(nowMs: number, backends: readonly ModelBackend[]) {
    this.nowMs = nowMs;
    this.#backends = backends.map((backend) => ({ ...backend, failures: 0, lookAtMs: 0, busyUntilMs: 0 }));
  }

  get names(): readonly string[] {
    return this.#messages.map(({ name }) => name).toSorted();
  }

  get outcomes(): readonly (string | undefined)[] {
    return this.requests.map(({ outcome }) => outcome);
  }

  /** Numbers of requests that are under way and wanted. */
  get wanted(): readonly number[] {
    const open = this.requests.filter((one) => one.outcome === undefined && !one.isUnwanted);
    return open.map(({ number }) => number);
  }

  send(isHedged: boolean): void {
    const { nowMs } = this;
    const request: Request = {
      number: this.requests.length + 1,
      order: this.#lookedAt(nowMs).toSorted((a, b) => rankOf(a) - rankOf(b) || this.#costMs(a) - this.#costMs(b)),
      begun: 0,
      underWay: [],
      refusals: [],
      isUnwanted: false,
      isLate: false,
      outcome: undefined,
    };
    this.requests.push(request);
    this.#after(requestMs, () => this.#endOfTime(request));
    const [, second] = request.order;
    const hedgeMs = this.#p95();
    if (isHedged && hedgeMs !== undefined && second !== undefined && rankOf(second) === 0) {
      this.#after(hedgeMs, () => this.#isWorthAnother(request) && this.#askNext(request));
    }
    this.#askNext(request);
  }

  /** Nobody wants the answer any more: no further backend is asked. */
  leave(number: number): void {
    const request = this.requests[number - 1];
    if (request !== undefined) request.isUnwanted = true;
  }

  answer(name: string, answer: ModelAnswer): void {
    const message = this.#messages.find((one) => one.name === name);
    this.#messages = this.#messages.filter((one) => one !== message);
    if (message === undefined) return;
    if ("attempt" in message) this.#answered(message.attempt, answer);
    else this.#looked(message.look, message.of, answer);
  }

  wait(milliseconds: number): void {
    const endMs = this.nowMs + milliseconds;
    for (let next = this.#firstTimer(endMs); next !== undefined; next = this.#firstTimer(endMs)) {
      const due = next;
      this.nowMs = Math.max(this.nowMs, due.atMs);
      this.#timers = this.#timers.filter((timer) => timer !== due);
      due.ring();
    }
    this.nowMs = endMs;
  }

  #firstTimer(endMs: number): Timer | undefined {
    return this.#timers.filter(({ atMs }) => atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #after(milliseconds: number, ring: () => void): void {
    this.#timers = [...this.#timers, { atMs: this.nowMs + milliseconds, ring }];
  }

  /** All backends, of which those are looked at whose circuit has been open long enough. */
  #lookedAt(nowMs: number): readonly Backend[] {
    for (const backend of this.#backends) {
      if (backend.failures < circuitFailures || nowMs < backend.lookAtMs) continue;
      backend.lookAtMs = nowMs + delayMs(backend.failures);
      this.#look(backend, undefined);
    }
    return this.#backends;
  }

  #costMs({ busyUntilMs, roundTripMs }: Backend): number {
    return Math.max(0, busyUntilMs - this.nowMs) + roundTripMs;
  }

  #p95(): number | undefined {
    if (this.#durations.length < 20) return undefined;
    const last = this.#durations.slice(-100).toSorted((a, b) => a - b);
    return last[Math.ceil(last.length * 0.95) - 1];
  }

  #askNext(request: Request): void {
    const backend = request.order[request.begun];
    request.begun += 1;
    if (backend === undefined || request.outcome !== undefined) return;
    const shortestMs = this.#durations.length === 0 ? unmeasuredMs : Math.min(...this.#durations.slice(-100));
    backend.busyUntilMs = Math.max(backend.busyUntilMs, this.nowMs) + shortestMs;
    const attempt = { request, backend, startedMs: this.nowMs, misses: 0 };
    request.underWay = [...request.underWay, attempt];
    this.#messages = [...this.#messages, { name: `request ${request.number} at ${backend.name}`, attempt }];
    this.#after(lookEveryMs, () => this.#lookAfter(attempt));
  }

  #lookAfter(attempt: Attempt): void {
    if (attempt.request.underWay.includes(attempt)) this.#look(attempt.backend, attempt);
  }

  #look(backend: Backend, of: Attempt | undefined): void {
    this.#looks += 1;
    const message = { name: `look ${this.#looks} at ${backend.name}`, look: backend, of };
    this.#messages = [...this.#messages, message];
    this.#after(lookMs, () => this.answer(message.name, lost));
  }

  #looked(backend: Backend, of: Attempt | undefined, answer: ModelAnswer): void {
    if (of === undefined) {
      this.#learn(backend, answer);
      return;
    }
    if (!of.request.underWay.includes(of)) return;
    of.misses = answer.kind === "lost" ? of.misses + 1 : 0;
    if (of.misses < 2) this.#after(lookEveryMs, () => this.#lookAfter(of));
    else this.#giveUp(of);
  }

  /** The connection of an attempt is closed. */
  #giveUp(attempt: Attempt): void {
    this.#messages = this.#messages.filter((one) => !("attempt" in one && one.attempt === attempt));
    this.#answered(attempt, lost);
  }

  #endOfTime(request: Request): void {
    request.isLate = true;
    for (const attempt of request.underWay) this.#giveUp(attempt);
  }

  #answered(attempt: Attempt, answer: ModelAnswer): void {
    const { request, backend, startedMs } = attempt;
    request.underWay = request.underWay.filter((one) => one !== attempt);
    if (answer.kind === "done") {
      this.#durations = [...this.#durations, this.nowMs - startedMs];
      this.#learn(backend, answer);
      this.#end(request, `done by ${backend.name}`);
      return;
    }
    this.#learn(backend, answer);
    const isLate = answer.kind === "lost" && request.isLate;
    request.refusals = [...request.refusals, isLate ? "late" : refusalOf(answer)];
    if (this.#isWorthAnother(request)) this.#askNext(request);
    if (request.underWay.length === 0) this.#end(request, foremost(request.refusals));
  }

  /** What it is called does not matter: a look or a request, it is well, busy or away. */
  #learn(backend: Backend, answer: ModelAnswer): void {
    const isAway = answer.kind === "lost" || answer.kind === "failed";
    if (isAway) {
      backend.failures += 1;
      backend.lookAtMs = this.nowMs + delayMs(backend.failures);
      backend.busyUntilMs = 0;
      return;
    }
    const backlogMs = answer.kind === "done" ? answer.backlogMs : 0;
    backend.failures = 0;
    backend.lookAtMs = 0;
    backend.busyUntilMs = this.nowMs + (answer.kind === "busy" ? answer.retryAfterSeconds * 1_000 : backlogMs);
  }

  #isWorthAnother({ isLate, isUnwanted, refusals }: Request): boolean {
    const failed = refusals.filter((refusal) => refusal === "failed");
    return !(isLate || isUnwanted || refusals.includes("failed everywhere")) && failed.length < 2;
  }

  /** The others are stopped. */
  #end(request: Request, outcome: string): void {
    request.outcome = outcome;
    const losers = request.underWay;
    request.underWay = [];
    this.#messages = this.#messages.filter((one) => !("attempt" in one && losers.includes(one.attempt)));
  }
}

/** Those whose circuit is open come last, and spares after those of their kind. */
function rankOf({ failures, isStandby }: Backend): number {
  return (failures >= circuitFailures ? 2 : 0) + (isStandby ? 1 : 0);
}

function delayMs(failures: number): number {
  return Math.min(2_000 * 2 ** Math.max(0, failures - circuitFailures), lookDelayMsMax);
}

function refusalOf(answer: Exclude<ModelAnswer, { kind: "done" }>): string {
  return answer.kind === "busy" ? `busy for ${answer.retryAfterSeconds}` : answer.kind;
}

/** Of several failures, the one that helps a client most. */
function foremost(refusals: readonly string[]): string {
  if (refusals.includes("failed everywhere")) return "failed everywhere";
  const waits = refusals
    .filter((refusal) => refusal.startsWith("busy for "))
    .map((refusal) => Number(refusal.slice(9)));
  if (waits.length > 0) return `busy for ${Math.min(...waits)}`;
  return ["late", "lost"].find((kind) => refusals.includes(kind)) ?? "failed";
}
