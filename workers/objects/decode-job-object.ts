import { DurableObject } from "cloudflare:workers";
import { DecodeJob, type DecodeRequest } from "../single-flight/decode-run.ts";
import { jobParts } from "./job-parts.ts";

/** The Durable Object of one picture that is being decoded for one edge location. It stores nothing. */
export class DecodeJobObject extends DurableObject<unknown> {
  readonly #job: DecodeJob;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#job = new DecodeJob(jobParts(env));
  }

  /** See `DecodeJob.obtain`. */
  obtain(request: DecodeRequest) {
    return this.#job.obtain(request);
  }

  /** See `DecodeJob.leave`. */
  leave(waiterId: string) {
    this.#job.leave(waiterId);
  }
}
