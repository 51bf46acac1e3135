import type { Logger } from "pino";
import type { PictureSize } from "../image/read-picture.ts";
import type { EncodeOutcome, LaneNews, StageCOutcome } from "../lane/lane-messages.ts";
import type { IdenticalJobs } from "../scheduling/identical-jobs.ts";
import type { NamedJobs } from "../scheduling/named-jobs.ts";
import type { Scheduled, Scheduler, Unscheduled } from "../scheduling/scheduler.ts";
import type { LoadedModel } from "./check-request.ts";
import type { Metrics } from "./metrics.ts";
import type { SignatureRules } from "./signed-route.ts";
import type { Tracing } from "./tracing.ts";

/** A picture's latent, and how large the picture was. */
export interface EncodedPicture extends EncodeOutcome {
  readonly original: PictureSize;
}

/** All that the routes work with. */
export interface Services {
  readonly model: LoadedModel;
  readonly scheduler: Scheduler;
  readonly stageCJobs: IdenticalJobs<Scheduled<StageCOutcome>, Unscheduled, LaneNews>;
  readonly encodeJobs: IdenticalJobs<Scheduled<EncodedPicture>, Unscheduled>;
  readonly namedJobs: NamedJobs;
  readonly isReady: () => boolean;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly signatureRules: SignatureRules;
  /** How long an event stream may be silent, in milliseconds. */
  readonly heartbeatMs: number;
  /** Milliseconds from any moment. */
  readonly now: () => number;
}
