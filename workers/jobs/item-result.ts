import { isDeterministicFault } from "../../shared/backend-fault.ts";
import type { Failure } from "../../shared/errors.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";
import type { Result } from "../../shared/result.ts";
import type { Generation } from "../generation/generate-image.ts";
import type { ItemOutcome } from "./job-record.ts";

/** How often a request is tried whose failure may pass, each time at the price of another run for us. */
const attemptsMax = 3;

/** How long to wait for a backend that does not answer: doubled from failure to failure, up to a minute. */
const pauseMsMin = 1_000;
const pauseMsMax = 60_000;

/** What follows from an attempt at one request. */
export type Verdict =
  | { readonly kind: "ended"; readonly outcome: ItemOutcome }
  /** It is tried again after a pause of the whole job: not for ever, if the trouble may be this request's own. */
  | { readonly kind: "paused"; readonly pauseMs: number; readonly isCounted: boolean };

/** What an attempt at a request was. */
export interface Attempt {
  readonly attempts: number;
  /** Failures of the backend in a row, over the whole job. */
  readonly misses: number;
  readonly isCancelled: boolean;
}

/** Decides what follows from a request's outcome. Pure. */
export function judge(result: Result<Generation, Failure>, attempt: Attempt): Verdict {
  if (result.ok) return { kind: "ended", outcome: succeeded(result.value) };
  if (attempt.isCancelled) return { kind: "ended", outcome: { state: "cancelled" } };
  const pauseMs = Math.min(pauseMsMin * 2 ** attempt.misses, pauseMsMax);
  const triedAgain = (failure: Failure): Verdict =>
    attempt.attempts + 1 < attemptsMax ? { ...paused(pauseMs), isCounted: true } : ended(failure);
  switch (result.error.code) {
    case "backend_overloaded":
      return paused(Math.min(result.error.retryAfterSeconds * 1_000, pauseMsMax));
    case "backend_unavailable":
    case "model_unavailable":
    case "moderation_unavailable":
      return paused(pauseMs);
    case "backend_failed":
      if (isDeterministicFault(result.error.fault)) return ended(result.error);
      return triedAgain(result.error);
    case "deadline_exceeded":
    case "job_cancelled":
    case "internal":
      return triedAgain(result.error);
    default:
      return ended(result.error);
  }
}

/** The outcome of a request that failed and is not retried. */
export function failedOutcome(failure: Failure): Exclude<ItemOutcome, { state: "succeeded" }> {
  return { state: "failed", error: failureToHttp(failure).body.error };
}

function paused(pauseMs: number): Extract<Verdict, { kind: "paused" }> {
  return { kind: "paused", pauseMs, isCounted: false };
}

function ended(failure: Failure): Verdict {
  return { kind: "ended", outcome: failedOutcome(failure) };
}

/** A picture's bytes are not kept: its latent is, and gives them again. */
function succeeded({ pictures, decode, warnings, settlement }: Generation): ItemOutcome {
  return {
    state: "succeeded",
    pictures: pictures.map(({ seed, latentId, tier, ageSeconds }) => ({ seed, latentId, tier, ageSeconds })),
    decode,
    warnings,
    microUsd: settlement.chargedMicroUsd,
  };
}
