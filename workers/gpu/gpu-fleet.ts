import type { Failure } from "../../shared/errors.ts";
import { err, type Result } from "../../shared/result.ts";
import type { RevisionsHeld } from "../../shared/wire/models-header.ts";
import {
  afterAnswer,
  afterDispatch,
  afterFailure,
  afterProbeBegan,
  type BackendState,
  isOpen,
  isProbeDue,
  unknownState,
  waitMs,
} from "./backend-state.ts";
import { firstToAnswer } from "./first-to-answer.ts";
import type { GpuBackend } from "./gpu-backends.ts";
import {
  createGpuTransport,
  type GpuAnswer,
  type GpuRefusal,
  type GpuRequest,
  type GpuTransport,
  type GpuTransportOptions,
} from "./gpu-transport.ts";
import { createRecentDurations, type RecentDurations } from "./recent-durations.ts";
import { type Region, roundTripMs } from "./region.ts";
import { probe, watched } from "./watch-backend.ts";

/** What a job is taken for until one of its kind has been seen. Milliseconds. */
const unmeasuredJobMs = 1_000;

/** What loading a model is taken for: less than a large one takes, more than a small one. Milliseconds. */
const coldMs = 5_000;

/** The time and the log of a fleet; arguments, so that tests steer them. */
interface FleetWorld {
  readonly nowMs: () => number;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly log: (entry: Readonly<Record<string, string | number>>) => void;
}

/** What a fleet is made of. */
export interface GpuFleetOptions extends GpuTransportOptions, FleetWorld {
  /** At least one. */
  readonly backends: readonly GpuBackend[];
}

/** A backend and the way to it. */
export interface ReachedBackend {
  readonly backend: GpuBackend;
  readonly send: GpuTransport;
}

/** How a request is sent. */
export interface SendOptions {
  readonly isHedged?: boolean;
  /** Once it has aborted, no further backend is asked. */
  readonly unwanted?: AbortSignal;
}

/** The backends as one. It learns from their answers, so keep it as long as an isolate lives. */
export interface GpuFleet {
  /**
   * The answer of the nearest healthy backend with room, or of the next one if that fails: a task's result does not
   * depend on its backend, and a retry is signed anew. `isHedged`: if the first backend takes longer than the 95th
   * percentile, a second one is asked too, and the slower one is stopped. All attempts together end after `timeoutMs`.
   */
  send(request: GpuRequest, options?: SendOptions): Promise<Result<GpuAnswer, Failure>>;
  /** What each backend answers, in the order of the list. Teaches the fleet nothing. */
  sendToEach(request: GpuRequest): Promise<Result<GpuAnswer, Failure>[]>;
}

interface Member extends ReachedBackend {
  state: BackendState;
  /** The models at it, as far as it has said. */
  models: RevisionsHeld | undefined;
}

interface Ends {
  /** Another answer was used, or the caller left: then this request's end says nothing about the backend. */
  readonly dropped: AbortSignal;
  readonly deadline: AbortSignal;
}

type Answer = Result<GpuAnswer, GpuRefusal>;

/** A fleet of which nothing is known yet. */
export function createGpuFleet(options: GpuFleetOptions): GpuFleet {
  const reached = options.backends.map((backend) => ({ backend, send: createGpuTransport(backend, options) }));
  return createFleet(reached, options);
}

/** As `createGpuFleet`, over any network. */
export function createFleet(reached: readonly ReachedBackend[], { nowMs, timeout, log }: FleetWorld): GpuFleet {
  const members = reached.map(({ backend, send }): Member => {
    // Without another backend, skipping this one would not help.
    return {
      backend,
      send: reached.length > 1 ? watched(send, timeout) : send,
      state: unknownState,
      models: undefined,
    };
  });
  const durationsByPath = new Map<string, RecentDurations>();

  function durationsOf(path: string): RecentDurations {
    const durations = durationsByPath.get(path) ?? createRecentDurations();
    durationsByPath.set(path, durations);
    return durations;
  }

  /**
   * Closes a half-open circuit by a request of our own, so that no client waits for a backend that may still be away.
   */
  async function lookAt(member: Member): Promise<void> {
    member.state = afterProbeBegan(member.state, nowMs());
    learn(member, await member.send(probe, timeout(probe.timeoutMs)), nowMs());
  }

  async function ask(member: Member, request: GpuRequest, { dropped, deadline }: Ends): Promise<Answer> {
    const path = pathOf(request);
    const durations = durationsOf(path);
    const startedMs = nowMs();
    member.state = afterDispatch(member.state, startedMs, durations.shortest() ?? unmeasuredJobMs);
    const sent = await member.send(request, AbortSignal.any([dropped, deadline]));
    const answer = deadline.aborted ? outOfTime(sent) : sent;
    if (dropped.aborted) return answer;
    if (answer.ok) durations.add(nowMs() - startedMs);
    else log(logEntry(member.backend, path, answer.error));
    learn(member, answer, nowMs());
    return answer;
  }

  /** Only where the second choice is as good as the first; a spare would be woken for nothing. */
  function hedgeFor(request: GpuRequest, [, second]: readonly Member[]): AbortSignal | undefined {
    const p95 = durationsOf(pathOf(request)).p95();
    if (p95 === undefined || second === undefined || rankOf(second, request) > 0) return undefined;
    return timeout(p95);
  }

  return {
    async send(request, { isHedged = false, unwanted } = {}) {
      const deadline = timeout(request.timeoutMs);
      // The only one is asked whatever is known of it, so there is nothing to find out.
      if (members.length > 1) for (const member of members) if (isProbeDue(member.state, nowMs())) void lookAt(member);
      const candidates = inOrder(members, request, nowMs());
      const outcome = await firstToAnswer<GpuAnswer, GpuRefusal>({
        attempts: candidates.map(
          (member) => (lost) => ask(member, request, { dropped: either(lost, request.signal), deadline }),
        ),
        isWorthAnother: (refusals) => !deadline.aborted && unwanted?.aborted !== true && isWorthAnother(refusals),
        hedge: isHedged ? hedgeFor(request, candidates) : undefined,
      });
      return outcome.ok ? outcome : err(foremost(outcome.error));
    },
    sendToEach: (request) =>
      Promise.all(
        members.map(async ({ send }) => {
          const answer = await send(request, timeout(request.timeoutMs));
          return answer.ok ? answer : err(answer.error.failure);
        }),
      ),
  };
}

function learn(member: Member, answer: Answer, nowMs: number): void {
  member.state = afterOutcome(member.state, answer, nowMs);
  member.models = (answer.ok ? answer.value : answer.error).models ?? member.models;
}

/** A request that we ended ourselves did not find a backend away: it took too long. */
function outOfTime(answer: Answer): Answer {
  if (answer.ok || answer.error.status !== undefined) return answer;
  return err({ ...answer.error, failure: { code: "deadline_exceeded" } });
}

/**
 * Whoever would answer first comes first; a spare after them; whose circuit is open after these; and last, whoever said
 * that it lacks the model, which may have changed since.
 */
function inOrder(members: readonly Member[], request: GpuRequest, nowMs: number): Member[] {
  const expectedMs = (member: Member) =>
    waitMs(member.state, nowMs) +
    distanceMs(request.origin?.region, member.backend.region) +
    (isCold(member, request) ? coldMs : 0);
  return members.toSorted((a, b) => rankOf(a, request) - rankOf(b, request) || expectedMs(a) - expectedMs(b));
}

function distanceMs(from: Region | undefined, to: Region | undefined): number {
  return from === undefined || to === undefined ? 0 : roundTripMs(from, to);
}

function rankOf({ backend, state, models }: Member, { revision }: GpuRequest): number {
  const lacks = revision !== undefined && models?.held.includes(revision) === false;
  return Number(lacks) * 4 + Number(isOpen(state)) * 2 + Number(backend.standby === true);
}

/** Whether it holds the model and has not loaded it. */
function isCold({ models }: Member, { revision }: GpuRequest): boolean {
  return revision !== undefined && models?.warm.includes(revision) === false;
}

function afterOutcome(state: BackendState, answer: Answer, nowMs: number): BackendState {
  if (answer.ok) return afterAnswer(nowMs, answer.value.backlogMs);
  const { failure, status, backlogMs, isDeterministic } = answer.error;
  if (failure.code === "backend_overloaded") return afterAnswer(nowMs, failure.retryAfterSeconds * 1_000);
  // Whoever says that a request is not for it, or that every backend would fail on it, is well.
  return isRejection(status) || isDeterministic ? afterAnswer(nowMs, backlogMs) : afterFailure(state, nowMs);
}

/** A backend may have another bundle; but what failed in the middle of a run twice would most likely fail again. */
function isWorthAnother(refusals: readonly GpuRefusal[]): boolean {
  if (refusals.some(({ isDeterministic }) => isDeterministic)) return false;
  const failedRuns = refusals.filter(
    ({ failure, status }) => failure.code === "backend_failed" && !isRejection(status),
  );
  return failedRuns.length < 2;
}

function isRejection(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500;
}

/**
 * Of many failures, the one that helps a client most: what no backend would do otherwise, else when there will be room,
 * else whether coming back helps.
 */
function foremost(refusals: readonly GpuRefusal[]): Failure {
  const final = refusals.find(({ isDeterministic }) => isDeterministic);
  if (final !== undefined) return final.failure;
  const failures = refusals.map(({ failure }) => failure);
  const waits = failures.flatMap((failure) =>
    failure.code === "backend_overloaded" ? [failure.retryAfterSeconds] : [],
  );
  if (waits.length > 0) return { code: "backend_overloaded", retryAfterSeconds: Math.min(...waits) };
  const late = failures.find(({ code }) => code === "deadline_exceeded");
  return (
    late ?? failures.find(({ code }) => code === "backend_unavailable") ?? failures[0] ?? { code: "backend_failed" }
  );
}

function logEntry({ region }: GpuBackend, path: string, { status }: GpuRefusal): Record<string, string | number> {
  const place = region === undefined ? {} : { region };
  return status === undefined
    ? { event: "backend_unreachable", path, ...place }
    : { event: "backend_refused", path, status, ...place };
}

function pathOf({ target }: GpuRequest): string {
  return target.split("?", 1)[0] ?? target;
}

function either(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  return other === undefined ? one : AbortSignal.any([one, other]);
}
