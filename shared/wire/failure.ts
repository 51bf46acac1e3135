import { z } from "zod";
import { backendFaults, isDeterministicFault } from "../backend-fault.ts";
import type { ErrorBody, Failure, FailureResponse } from "../errors.ts";
import { failureToHttp } from "../failure-to-http.ts";

// A failure on its way from a backend to the edge is OpenAI's envelope, as on the way to a client, and beside `error`,
// for `backend_failed` alone, a `fault`:
//
//   { "error": { "code": "backend_failed", … }, "fault": { "kind": "not_finite", "deterministic": true } }
//
// `kind` is one of `backendFaults`, or null for any other failure of a run. `deterministic` says whether every backend
// of the same bundle would fail on the same request in the same way; then the edge asks no other, and does not count
// the failure against this one. An edge that meets a kind that it does not know goes by `deterministic`.

const faultSchema = z.object({ kind: z.string().max(64).nullable(), deterministic: z.boolean() });

const bodySchema = z.object({
  error: z.object({ code: z.string() }),
  fault: faultSchema.optional(),
});

/** What a backend says of a failed run. */
export type WireFault = z.infer<typeof faultSchema>;

/** A failure as a backend answers it. */
export interface WireFailureResponse extends FailureResponse {
  readonly body: ErrorBody & { readonly fault?: WireFault };
}

/** What the edge reads of a failure. */
export interface WireFailure {
  readonly failure: Failure;
  /** Whether asking another backend of the same bundle would gain nothing. */
  readonly isDeterministic: boolean;
}

/** The retry time of a busy backend that names none. */
const retryAfterSecondsDefault = 2;

/** A longer wait is a mistake: no queue holds as much. */
const retryAfterSecondsMax = 3_600;

/** The backend's answer to a failure. */
export function formatWireFailure(failure: Failure): WireFailureResponse {
  const response = failureToHttp(failure);
  if (failure.code !== "backend_failed") return response;
  const { fault = null } = failure;
  const deterministic = isDeterministicFault(failure.fault);
  return { ...response, body: { ...response.body, fault: { kind: fault, deterministic } } };
}

/**
 * The edge's reading of a failure. Undefined for what a backend of ours does not say, and for what it says of the
 * request's form, which the edge had checked before. `retryAfter`: the header, bounded here.
 */
export function parseWireFailure(json: unknown, retryAfter: string | null): WireFailure | undefined {
  const { data } = bodySchema.safeParse(json);
  switch (data?.error.code) {
    case "backend_overloaded":
      return { failure: overloaded(retryAfter), isDeterministic: false };
    case "backend_unavailable":
      return { failure: { code: "backend_unavailable" }, isDeterministic: false };
    // Of the backend that was asked alone.
    case "model_not_found":
      return { failure: { code: "model_unavailable" }, isDeterministic: false };
    // The client's time is over wherever the request goes.
    case "deadline_exceeded":
      return { failure: { code: "deadline_exceeded" }, isDeterministic: true };
    case "backend_failed": {
      const fault = backendFaults.find((kind) => kind === data?.fault?.kind);
      const isDeterministic = data?.fault?.deterministic ?? false;
      return { failure: { code: "backend_failed", ...(fault && { fault }) }, isDeterministic };
    }
    default:
      return undefined;
  }
}

/** The failure of a backend without room, by its `retry-after` in seconds; a date or nonsense counts as none. */
export function overloaded(retryAfter: string | null): Extract<Failure, { readonly code: "backend_overloaded" }> {
  const seconds = /^\d{1,9}$/u.test(retryAfter ?? "") ? Number(retryAfter) : retryAfterSecondsDefault;
  return { code: "backend_overloaded", retryAfterSeconds: Math.min(Math.max(seconds, 1), retryAfterSecondsMax) };
}
