import { DurableObject } from "cloudflare:workers";
import { type DecodeRequest, DecodeRun } from "../single-flight/decode-run.ts";
import { runServices } from "./run-services.ts";

/** The Durable Object of one picture that is being decoded for one edge location. It stores nothing. */
export class DecodeJobObject extends DurableObject<unknown> {
  readonly #run: DecodeRun;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#run = new DecodeRun(runServices(env));
  }

  /** See `DecodeRun.obtain`. */
  obtain(request: DecodeRequest) {
    return this.#run.obtain(request);
  }

  /** See `DecodeRun.leave`. */
  leave(waiterId: string) {
    this.#run.leave(waiterId);
  }
}
