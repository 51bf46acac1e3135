import type { Tier } from "../../shared/api/images-response.ts";
import type { ItemState, JobState } from "../../shared/api/job.ts";
import type { JobMetadata } from "../../shared/api/job-metadata.ts";
import type { DecodeOptions } from "../../shared/decode-options.ts";
import type { ErrorBody } from "../../shared/errors.ts";
import type { Caller } from "../generation/caller.ts";

/** What a job is, from its creation to its end. */
export interface JobSpec extends Pick<Caller, "account" | "keyId" | "models" | "mayShare" | "location" | "origin"> {
  /** Chosen by the client. */
  readonly jobId: string;
  /** New with every creation, so that a job that was deleted and created again holds money anew. */
  readonly holdId: string;
  /** Differs for any two different bodies. */
  readonly digest: string;
  /** The most that all requests can cost, in micro-USD. */
  readonly ceilingMicroUsd: number;
  readonly webhookUrl: string | undefined;
  readonly metadata?: JobMetadata | undefined;
  /** Unix milliseconds. */
  readonly createdMs: number;
}

/** A request of a job as JSON, and what its sender calls it. */
export interface OrderedRequest {
  readonly json: string;
  readonly customId?: string | undefined;
}

/** A job that is to be created, with its requests. */
export interface JobOrder extends JobSpec {
  readonly requests: readonly OrderedRequest[];
}

/** How many of a job's requests ended in which way. */
export interface JobCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** A picture that a job made, without its bytes: they are decoded again from the latent whenever its link is used. */
export interface MadePicture {
  readonly seed: number;
  readonly latentId: string;
  readonly tier: Tier;
  /** How old its latent was then. */
  readonly ageSeconds: number;
}

/** What became of one request. `microUsd`: what it was charged. */
export type ItemOutcome =
  | {
      readonly state: "succeeded";
      readonly pictures: readonly MadePicture[];
      readonly decode: DecodeOptions;
      readonly warnings: readonly string[];
      readonly microUsd: number;
    }
  | { readonly state: "failed"; readonly error: ErrorBody["error"] }
  | { readonly state: "cancelled" };

/** One request of a job as others see it. */
export interface ItemView {
  /** From 0. */
  readonly item: number;
  readonly customId: string | undefined;
  readonly state: ItemState;
  /** Its place among those that ended, ascending; undefined before. */
  readonly place: number | undefined;
  readonly outcome: ItemOutcome | undefined;
}

/** A job as others see it. */
export interface JobView extends JobSpec {
  readonly state: JobState;
  readonly total: number;
  readonly running: number;
  readonly counts: JobCounts;
  /** Charged so far. */
  readonly microUsd: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number | undefined;
  /** Until when it may run; once it has ended, until when it is kept. */
  readonly expiresMs: number;
  /** Jobs of the account that start before it; undefined unless it is queued. */
  readonly queuePosition: number | undefined;
}

/** Whether a job has ended in this state. */
export function isEnd(state: string): boolean {
  return state === "succeeded" || state === "partial" || state === "failed" || state === "cancelled";
}

/** How a job ends whose requests have all ended so. */
export function endStateOf({ succeeded, failed, cancelled }: JobCounts): JobState {
  if (cancelled > 0) return "cancelled";
  if (failed === 0) return "succeeded";
  return succeeded > 0 ? "partial" : "failed";
}
