import type { Logger } from "pino";
import type { Scheduler } from "../scheduling/scheduler.ts";
import type { LoadedModel } from "./check-request.ts";
import type { Metrics } from "./metrics.ts";
import type { SignedBodyRules } from "./signed-body.ts";

/** All that the routes work with. */
export interface Services {
  readonly model: LoadedModel;
  readonly scheduler: Scheduler;
  readonly isReady: () => boolean;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly signedBodyRules: SignedBodyRules;
  /** Milliseconds from any moment. */
  readonly now: () => number;
}
