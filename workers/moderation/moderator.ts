import type { Failure } from "../../shared/errors.ts";
import { ok, type Result } from "../../shared/result.ts";

/** Decides whether pictures of a prompt may be made. */
export interface Moderator {
  /**
   * Asked before anything is held or run. Fails with `content_policy_violation`, or with `moderation_unavailable` when
   * no decision can be had. A negative prompt is not asked about: it says what shall not be seen.
   */
  check(prompt: string): Promise<Result<undefined, Failure>>;
  /** Whether it calls another service, which takes time and may cost something. */
  readonly isRemote: boolean;
}

/** Lets everything pass: the operator's decision, until another is made. */
export const allowAll: Moderator = { isRemote: false, check: () => Promise.resolve(ok(undefined)) };
