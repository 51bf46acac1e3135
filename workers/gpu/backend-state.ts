/** What is known of one backend, by what it has answered so far. Plain data: a new one after every event. */
export interface BackendState {
  /** Failures in a row; the circuit is open from `failuresMax` on. */
  readonly failures: number;
  /** While the circuit is open: when the backend is looked at again. Milliseconds since 1970. */
  readonly probeAtMs: number;
  /** When it will be done with all that it is known to have. Milliseconds since 1970. */
  readonly busyUntilMs: number;
}

/** Nothing is known yet, and the best is assumed. */
export const unknownState: BackendState = { failures: 0, probeAtMs: 0, busyUntilMs: 0 };

/** Two may be bad luck, or one request that no backend survives. */
const failuresMax = 3;

const probeDelayMsFirst = 2_000;
const probeDelayMsMax = 60_000;

/** Whether its circuit is open: nothing goes there while any other can take it. */
export function isOpen({ failures }: BackendState): boolean {
  return failures >= failuresMax;
}

/** Whether its circuit is half open: one look at its health decides. */
export function isProbeDue(state: BackendState, nowMs: number): boolean {
  return isOpen(state) && nowMs >= state.probeAtMs;
}

/** Nobody else looks meanwhile; if the look is never finished, the next one comes after the usual wait. */
export function afterProbeBegan(state: BackendState, nowMs: number): BackendState {
  return { ...state, probeAtMs: nowMs + probeDelayMs(state.failures) };
}

/** A job that takes about so long on its own was sent there. */
export function afterDispatch(state: BackendState, nowMs: number, jobMs: number): BackendState {
  return { ...state, busyUntilMs: Math.max(state.busyUntilMs, nowMs) + jobMs };
}

/** It answered, also with "not now". `backlogMs`: what it has before it, if it said so. The circuit closes. */
export function afterAnswer(nowMs: number, backlogMs = 0): BackendState {
  return { failures: 0, probeAtMs: 0, busyUntilMs: nowMs + backlogMs };
}

/** It could not be reached, or failed on a job. The circuit opens at the third time, for longer at each further one. */
export function afterFailure({ failures }: BackendState, nowMs: number): BackendState {
  // Whatever it had to do, it is not known to have any more.
  return { failures: failures + 1, probeAtMs: nowMs + probeDelayMs(failures + 1), busyUntilMs: 0 };
}

/** The milliseconds until it would begin a job. */
export function waitMs({ busyUntilMs }: BackendState, nowMs: number): number {
  return Math.max(0, busyUntilMs - nowMs);
}

function probeDelayMs(failures: number): number {
  return Math.min(probeDelayMsFirst * 2 ** Math.max(0, failures - failuresMax), probeDelayMsMax);
}
