import { z } from "zod";
import type { BackendFault } from "./backend-fault.ts";

/**
 * Everything that can go wrong and is expected to. `code` is what clients match on and never changes its meaning.
 * No member may carry a prompt, an API key or a secret: messages reach clients and logs.
 */
export type Failure =
  | {
      readonly code: "invalid_request";
      /** The offending field as the client wrote it, or null when the request as a whole is wrong. */
      readonly param: string | null;
      /** Names the field, its limit and the fix. */
      readonly message: string;
      /** The values that would have been accepted, when they can be listed. */
      readonly allowed?: readonly string[];
    }
  | { readonly code: "missing_api_key" }
  | { readonly code: "invalid_api_key" }
  | { readonly code: "not_found"; readonly what: string; readonly hint?: string }
  | { readonly code: "invalid_signature" }
  | { readonly code: "link_expired" }
  | { readonly code: "payload_too_large"; readonly limitBytes: number }
  | { readonly code: "request_timeout" /** How long a body may take to arrive. */; readonly secondsMax: number }
  | {
      readonly code: "server_busy" /** Bodies of other requests fill the memory. */;
      readonly retryAfterSeconds: number;
    }
  | UnsupportedMediaType
  | { readonly code: "method_not_allowed"; readonly allowed: readonly string[] }
  | {
      readonly code: "insufficient_quota";
      /** What the request may cost, in micro-USD. */
      readonly requiredMicroUsd: number;
      readonly availableMicroUsd: number;
    }
  | { readonly code: "idempotency_key_reused" }
  | { readonly code: "idempotent_result_gone" }
  | AllowanceFailure
  | JobFailure
  | ModelFailure
  | { readonly code: "backend_unavailable" }
  | { readonly code: "backend_failed" /** Where it is known. */; readonly fault?: BackendFault }
  | { readonly code: "backend_overloaded"; readonly retryAfterSeconds: number }
  | { readonly code: "deadline_exceeded" }
  | { readonly code: "internal" };

/** `aliasOf`: what `model` stands for, where it is an alias of a model that there is not. */
export interface ModelNotFound {
  readonly code: "model_not_found";
  readonly model: string;
  readonly aliasOf?: string;
  readonly available?: readonly string[];
}

/** Why a model cannot be used or offered. */
export type ModelFailure =
  | ModelNotFound
  | { readonly code: "model_unavailable" } /** No backend holds its revision. */
  | {
      readonly code: "thresholds_missed";
      /** The id of the model that its own report does not find good enough. */
      readonly model: string;
      /** A phrase for each figure: "restoration is 6.31, the threshold 25". */
      readonly missed: readonly string[];
    };

/** Why a request's body is not read. */
export type BodyFailure =
  | { readonly code: "payload_too_large"; readonly limitBytes: number }
  | { readonly code: "request_timeout" /** How long a body may take to arrive. */; readonly secondsMax: number }
  | {
      readonly code: "server_busy" /** Bodies of other requests fill the memory. */;
      readonly retryAfterSeconds: number;
    }
  | UnsupportedMediaType;

/** A body of another kind, or one that is compressed in a way that this service does not read. */
interface UnsupportedMediaType {
  readonly code: "unsupported_media_type";
  /** What is read instead. */
  readonly expected: string;
  /** The header that says it; absent: Content-Type. */
  readonly header?: "Content-Encoding";
}

/** What a prompt, a key or its account is not permitted, or not so much of. */
export type AllowanceFailure =
  | { readonly code: "insufficient_scope" /** What the key lacks. */; readonly scope: string }
  | {
      readonly code: "model_not_allowed";
      readonly model: string;
      /** The ids of those that the key may use. */
      readonly allowed: readonly string[];
    }
  | { readonly code: "content_policy_violation" }
  | { readonly code: "moderation_unavailable" }
  | { readonly code: "payment_required"; readonly reason: string }
  | { readonly code: "payment_unavailable" }
  | { readonly code: "checkout_unavailable" }
  | { readonly code: "account_suspended" }
  | {
      readonly code: "rate_limit_exceeded";
      /** Undefined: too many at this edge location, whatever the key allows. */
      readonly requestsPerMinute: number | undefined;
      readonly retryAfterSeconds: number;
    }
  | {
      readonly code: "concurrency_limit_exceeded";
      /** The account's limit of requests in flight. */
      readonly requestsMax: number;
      readonly retryAfterSeconds: number;
    }
  | {
      readonly code: "key_budget_exceeded";
      /** What the key may spend a day, counted from midnight UTC. */
      readonly budgetMicroUsd: number;
    };

/** What is wrong with a job. */
export type JobFailure =
  | { readonly code: "job_id_reused"; readonly jobId: string }
  | { readonly code: "job_not_ended" }
  | { readonly code: "job_without_webhook" }
  | { readonly code: "too_many_jobs"; readonly jobsMax: number }
  | {
      readonly code: "job_cancelled";
      /** The share of the stopped work that had run, 0…1, if known. Never sent to a client. */
      readonly doneShare?: number;
    };

/** The discriminant of `Failure`. */
export type FailureCode = Failure["code"];

/** OpenAI's error envelope. All four keys are always present; `param` is null when no field is to blame. */
export const errorBodySchema = z
  .object({
    error: z
      .object({
        message: z.string(),
        type: z.enum(["invalid_request_error", "insufficient_quota", "rate_limit_error", "server_error"]),
        param: z.string().nullable().describe("The field to blame, if one is."),
        code: z.custom<FailureCode>((value) => typeof value === "string").meta({ type: "string" }),
      })
      .readonly(),
  })
  .readonly()
  .meta({ id: "Error" });

/** OpenAI's error envelope. */
export type ErrorBody = z.infer<typeof errorBodySchema>;

/** A failure as HTTP carries it: status, JSON body and extra headers (lower-case names). */
export interface FailureResponse {
  readonly status: 400 | 401 | 402 | 403 | 404 | 405 | 408 | 409 | 410 | 413 | 415 | 422 | 429 | 500 | 502 | 504;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

/** A bug, or a configuration that cannot work: thrown, never returned. Expected outcomes are a `Result`. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: FailureCode;
  /** Of a run at a backend. */
  readonly fault: BackendFault | undefined;

  constructor(
    message: string,
    options: { readonly code?: FailureCode; readonly cause?: unknown; readonly fault?: BackendFault | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code ?? "internal";
    this.fault = options.fault;
  }
}

/** The `invalid_request` failure for one field; `allowed` is appended to the message. */
export function invalidRequest(param: string | null, message: string, allowed?: readonly string[]): Failure {
  return { code: "invalid_request", param, message, ...(allowed === undefined ? {} : { allowed }) };
}
