import type { Failure } from "../../shared/errors.ts";
import type { Result } from "../../shared/result.ts";
import type { Priority } from "../../shared/wire/task-terms.ts";

/** Accounts that are remembered, oldest out. Some 100 KB. */
const accountsMax = 1_000;

/** However long a queue is, whether it still has no room is asked again by then. */
const rememberedMsMax = 10_000;

/** Whom the backends refused lately for want of room. Costs microseconds, where asking again costs a dozen calls. */
export interface RecentRefusals {
  /** The refusal that a request for new pictures would meet again; undefined when it is to be tried. */
  of(payer: Payer): Failure | undefined;
  /** Looks at how a request ended. */
  note(payer: Payer, outcome: Result<unknown, Failure>): void;
}

interface Payer {
  readonly account: string;
  readonly priority: Priority;
}

interface Refusal {
  /** When there will be room, as the backend said. Milliseconds since 1970. */
  readonly roomAtMs: number;
  /** Until when nothing is tried: half of the way there, so that the queue has work left when the next comes. */
  readonly triedAtMs: number;
}

/** Nobody was refused. Keep it as long as an isolate lives. */
export function createRecentRefusals(nowMs: () => number): RecentRefusals {
  const refusals = new Map<string, Refusal>();
  const nameOf = ({ account, priority }: Payer) => `${priority} ${account}`;

  return {
    of(payer) {
      const known = refusals.get(nameOf(payer));
      const now = nowMs();
      if (known === undefined || now >= known.triedAtMs) return undefined;
      return { code: "backend_overloaded", retryAfterSeconds: (known.roomAtMs - now) / 1_000 };
    },
    note(payer, outcome) {
      if (outcome.ok || outcome.error.code !== "backend_overloaded") return;
      const name = nameOf(payer);
      const waitMs = outcome.error.retryAfterSeconds * 1_000;
      const now = nowMs();
      refusals.delete(name);
      refusals.set(name, { roomAtMs: now + waitMs, triedAtMs: now + Math.min(waitMs / 2, rememberedMsMax) });
      const [oldest] = refusals.keys();
      if (refusals.size > accountsMax && oldest !== undefined) refusals.delete(oldest);
    },
  };
}
