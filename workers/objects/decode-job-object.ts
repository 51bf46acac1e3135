import { DurableObject } from "cloudflare:workers";
import { ok } from "../../shared/result.ts";
import { type DecodeRequest, DecodeRun } from "../single-flight/decode-run.ts";
import { withEarlierName } from "../single-flight/earlier-names.ts";
import { runServices } from "./run-services.ts";

/** The Durable Object of one picture that is being decoded for one edge location. It stores nothing. */
export class DecodeJobObject extends DurableObject<unknown> {
  readonly #run: DecodeRun;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#run = new DecodeRun(runServices(env));
  }

  /** See `DecodeRun.obtain`. */
  async obtain(request: DecodeRequest) {
    const outcome = await this.#run.obtain(withEarlierName(request));
    return outcome.ok ? ok(withEarlierName(outcome.value)) : outcome;
  }

  /** See `DecodeRun.leave`. */
  leave(waiterId: string) {
    this.#run.leave(waiterId);
  }
}
