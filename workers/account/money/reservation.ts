import type { Failure } from "../../../shared/errors.ts";
import type { PromptLikeness } from "../../../shared/latents/prompt-likeness.ts";
import { type ChargeLine, priceBookVersion, sumMicroUsd } from "../../prices/price-book.ts";
import type { DeliveredLatent } from "../reuse/delivered-latents.ts";
import type { LatentForm } from "../reuse/latent-list.ts";
import type { SimilarLatent } from "../reuse/similar-prompts.ts";

/**
 * Longer than any request of a small model takes: Stage C and a decode at their time limits, each behind a full queue.
 * Of a model that takes longer, `lastsMs` says so.
 */
export const reservationMs = 15 * 60_000;

/** How long an idempotency key gives the outcome that it had first. */
export const outcomeMs = 24 * 3_600_000;

/** What a request asks of its account before any work is done for it. */
export interface ReserveRequest {
  /** New and unique; made by the caller, so that a call that is repeated reserves once. */
  readonly reservationId: string;
  readonly account: string;
  /** The key that pays, whose budget counts; undefined: none. */
  readonly keyId?: string | undefined;
  /** The most that it can cost. */
  readonly ceilingMicroUsd: number;
  /** What the client calls this request; the same key is the same request for 24 hours. */
  readonly idempotencyKey: string | undefined;
  /** Whether the client says that it has sent this before. Tells something only when there is no key. */
  readonly isRetry: boolean;
  /** Differs for any two different requests. */
  readonly digest: string;
  /** The seeds that this request would take. */
  readonly seeds: readonly number[];
  /** The prompt, as the keyed digest of everything but the seed; undefined: its latents are not kept in turn. */
  readonly recipe?: string | undefined;
  /** What the latents are that it makes; undefined: it makes none. */
  readonly latentForm?: LatentForm | undefined;
  /** Whether latents that the prompt has may be taken in place of `seeds`. */
  readonly mayReuse?: boolean | undefined;
  /** By which prompts like this one are known; undefined: only its own latents will do. Goes with `mayReuse`. */
  readonly likeness?: PromptLikeness | undefined;
  /** The hold to take the ceiling out of, as long as there is so much in it. */
  readonly holdId?: string | undefined;
  /**
   * All that the request wants, if the edge has it: charged at once if the account keeps the latents; not out of a
   * hold.
   */
  readonly found?: FoundWork | undefined;
  /** How long it may take, in milliseconds, where that is longer than `reservationMs`. */
  readonly lastsMs?: number | undefined;
  /**
   * Whether a repeat of an answered request is one of its own, which pays for what it runs, with the name of the first.
   */
  readonly paysAgain?: boolean | undefined;
}

/** Pictures that are there already. */
export interface FoundWork {
  readonly lines: readonly ChargeLine[];
  /** Those that are delivered, for requests to come. */
  readonly latents: readonly DeliveredLatent[];
}

/** Money that a job of many requests keeps for them. */
export interface WorkBudget {
  /** New and unique; made by the caller, so that a call that is repeated holds once. */
  readonly holdId: string;
  /** The key that pays. Its budget is looked at now, and again for each request. */
  readonly keyId: string | undefined;
  /** The most that all requests can cost together. */
  readonly ceilingMicroUsd: number;
}

/** Which latents a request is given. A repeat's are the first one's: so it gives the same pictures. */
export interface ChosenLatents {
  /** Those that were asked for, or of latents that are there. */
  readonly seeds: readonly number[];
  /** Latents of another prompt, for the first of the pictures; what they are missing for is made by its seed. */
  readonly similar?: readonly SimilarLatent[] | undefined;
}

/** Money that is held for a request. */
export interface Reservation extends ChosenLatents {
  /** Seeds whose latents the account does not know. Undefined: the account was not asked. */
  readonly unknownSeeds?: readonly number[];
  /** True when this request repeats an earlier one. */
  readonly isRepeat: boolean;
  /** That of the first request when this one repeats it. */
  readonly reservationId: string;
  /** What the request was charged, now or when it was answered before; a repeat is not charged again. */
  readonly settlement: Settlement | undefined;
  /** When each latent of what was found was made, Unix milliseconds, if it was charged just now. */
  readonly madeMs?: readonly number[];
}

/** What a request was charged. */
export interface Settlement {
  readonly chargedMicroUsd: number;
  readonly priceBook: number;
  readonly lines: readonly ChargeLine[];
  /** The customer at Stripe for whom it is reported, if any. */
  readonly stripeCustomer?: string;
}

/** The settlement of some work, by the prices of now. */
export function settlementOf(lines: readonly ChargeLine[]): Settlement {
  return { chargedMicroUsd: sumMicroUsd(lines), priceBook: priceBookVersion, lines };
}

/** Too little credit. */
export function insufficientQuota(requiredMicroUsd: number, availableMicroUsd: number): Failure {
  return { code: "insufficient_quota", requiredMicroUsd, availableMicroUsd };
}
