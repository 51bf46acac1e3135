import { err, ok, type Result } from "../../../shared/result.ts";
import type { GpuBackend } from "../../../workers/gpu/gpu-backends.ts";
import { createFleet, type GpuFleet, type ReachedBackend } from "../../../workers/gpu/gpu-fleet.ts";
import type { GpuAnswer, GpuRefusal, GpuRequest, GpuTransport } from "../../../workers/gpu/gpu-transport.ts";
import { deferred } from "../support/deferred.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";
import { VirtualNetwork } from "../support/virtual-network.ts";
import type { ModelAnswer } from "./fleet-model.ts";

type Answer = Result<GpuAnswer, GpuRefusal>;

/** What of the real thing a test may put a fault into. */
export interface Plant {
  readonly reached?: (reached: readonly ReachedBackend[]) => readonly ReachedBackend[];
  readonly fleet?: (fleet: GpuFleet) => GpuFleet;
  readonly clock?: (clock: VirtualClock) => Pick<VirtualClock, "nowMs" | "timeout">;
}

const requestMs = 45_250;

function refused(failure: GpuRefusal["failure"], status?: number, isDeterministic = false): Answer {
  return err({ failure, status, isDeterministic, backlogMs: undefined });
}

/** The answer as a transport gives it. A picture's one byte is the place of the backend that made it. */
function answerOf(answer: ModelAnswer, place: number): Answer {
  switch (answer.kind) {
    case "done":
      return ok({ headers: new Headers(), bytes: Uint8Array.of(place), backlogMs: answer.backlogMs });
    case "busy":
      return refused({ code: "backend_overloaded", retryAfterSeconds: answer.retryAfterSeconds }, 429);
    case "lost":
      return refused({ code: "backend_unavailable" });
    case "rejected":
      return refused({ code: "backend_failed" }, 404);
    case "failed everywhere":
      return refused({ code: "backend_failed", fault: "not_finite" }, 500, true);
    default:
      return refused({ code: "backend_failed" }, 500);
  }
}

/** A fleet whose backends answer when a test says so. */
export class RealFleet {
  readonly network = new VirtualNetwork();
  readonly clock: VirtualClock;
  readonly outcomes: (string | undefined)[] = [];
  readonly #fleet: GpuFleet;
  readonly #names: readonly string[];
  readonly #clients: AbortController[] = [];
  readonly #answers = new Map<string, (answer: ModelAnswer) => void>();
  #looks = 0;

  constructor(clock: VirtualClock, backends: readonly (GpuBackend & { readonly name: string })[], plant: Plant) {
    this.clock = clock;
    this.#names = backends.map(({ name }) => name);
    const reached = backends.map((backend, place) => ({ backend, send: this.#transport(place) }));
    const told = plant.clock?.(clock) ?? clock;
    const world = {
      nowMs: () => told.nowMs,
      timeout: (milliseconds: number) => told.timeout(milliseconds),
      log: () => undefined,
    };
    const fleet = createFleet(plant.reached?.(reached) ?? reached, world);
    this.#fleet = plant.fleet?.(fleet) ?? fleet;
  }

  send(isHedged: boolean): void {
    const client = new AbortController();
    const number = this.#clients.push(client);
    this.outcomes.push(undefined);
    const request = {
      method: "POST",
      target: `/decode?request=${number}`,
      body: new Uint8Array(),
      timeoutMs: requestMs,
      answerBytesMax: 1,
      origin: { region: "weur", traceparent: "" },
    } as const;
    void this.#fleet.send(request, { isHedged, unwanted: client.signal }).then((outcome) => {
      this.outcomes[number - 1] = this.#nameOf(outcome);
    });
  }

  leave(number: number): void {
    this.#clients[number - 1]?.abort();
  }

  answer(name: string, answer: ModelAnswer): void {
    const tell = this.#answers.get(name);
    this.network.arrive(name);
    tell?.(answer);
  }

  #transport(place: number): GpuTransport {
    return (request, signal) => {
      const { promise, resolve } = deferred<Answer>();
      const name = this.#title(request, place);
      if (signal.aborted) resolve(answerOf({ kind: "lost" }, place));
      else this.network.send(name, () => undefined);
      this.#answers.set(name, (answer) => resolve(answerOf(answer, place)));
      signal.addEventListener("abort", () => {
        if (this.network.names.includes(name)) this.answer(name, { kind: "lost" });
      });
      return promise;
    };
  }

  #title({ target }: GpuRequest, place: number): string {
    const [, number] = target.split("=");
    if (number !== undefined) return `request ${number} at ${this.#names[place]}`;
    this.#looks += 1;
    return `look ${this.#looks} at ${this.#names[place]}`;
  }

  #nameOf(outcome: Awaited<ReturnType<GpuFleet["send"]>>): string {
    if (outcome.ok) return `done by ${this.#names[outcome.value.bytes[0] ?? 0]}`;
    const { error } = outcome;
    if (error.code === "backend_overloaded") return `busy for ${error.retryAfterSeconds}`;
    if (error.code === "deadline_exceeded") return "late";
    if (error.code === "backend_unavailable") return "lost";
    return error.code === "backend_failed" && error.fault !== undefined ? "failed everywhere" : "failed";
  }
}
