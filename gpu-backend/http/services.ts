import type { Logger } from "pino";
import type { PictureSize } from "../image/read-picture.ts";
import type { EncodeOutcome, LaneNews, StageCOutcome } from "../lane/lane-messages.ts";
import type { IdenticalTasks } from "../scheduling/identical-tasks.ts";
import type { NamedTasks } from "../scheduling/named-tasks.ts";
import type { Scheduled, Scheduler, Unscheduled } from "../scheduling/scheduler.ts";
import type { HeldModels } from "./check-request.ts";
import type { Metrics } from "./metrics.ts";
import type { SignatureRules } from "./signed-route.ts";
import type { Tracing } from "./tracing.ts";

/** A picture's latent, and how large the picture was. */
export interface EncodedPicture extends EncodeOutcome {
  readonly original: PictureSize;
}

/** All that the routes work with. */
export interface Services {
  readonly models: HeldModels;
  readonly scheduler: Scheduler;
  readonly stageCTasks: IdenticalTasks<Scheduled<StageCOutcome>, Unscheduled, LaneNews>;
  readonly encodeTasks: IdenticalTasks<Scheduled<EncodedPicture>, Unscheduled>;
  readonly namedTasks: NamedTasks;
  readonly isReady: () => boolean;
  /** The revisions that are loaded. */
  readonly warm: () => readonly string[];
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly signatureRules: SignatureRules;
  /** How long an event stream may be silent, in milliseconds. */
  readonly heartbeatMs: number;
  /** Milliseconds from any moment. */
  readonly now: () => number;
}
