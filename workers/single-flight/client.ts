import { variantQuery } from "../../shared/decode-options.ts";
import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { StageCEvent } from "../../shared/wire/stage-c-events.ts";
import { callObject } from "../edge/call-object.ts";
import type { ObjectNamespace } from "../edge/object-client.ts";
import type { ImageCache } from "../images/image-cache.ts";
import type { DecodedImage, DecodeRequest } from "./decode-run.ts";
import { withEarlierName } from "./earlier-names.ts";
import type { LatentRequest, ObtainedLatent } from "./latent-run.ts";
import type { OnNews, RunOutcome, Waiter } from "./shared-run.ts";

/** The methods of an object that makes one thing for all its callers. Each may be repeated. */
interface RunClient<Request, Value, News = never> {
  /** Calls `onNews` over the network until the outcome exists. */
  obtain(request: Request, onNews?: OnNews<News>): Promise<Result<Value, Failure>>;
  leave(waiterId: string): Promise<void>;
}

/** The methods of the Durable Object that makes one latent, named by the latent's id. */
export type LatentRunClient = RunClient<LatentRequest, ObtainedLatent, StageCEvent>;

/** The methods of the Durable Object that decodes one picture at one location. */
export type DecodeRunClient = RunClient<DecodeRequest, DecodedImage>;

/** A caller's request, and the signal that it leaves. */
export interface Wish<Request, News = never> {
  readonly request: Omit<Request, "waiterId">;
  readonly signal: AbortSignal;
  /** Receives the run's reports, if the run started with a listener. */
  readonly onNews?: OnNews<News> | undefined;
}

/** Latents that are not stored yet; each is made once for any number of callers. */
export interface LatentRuns {
  /** Fails with `job_cancelled` when the signal aborts first. Other callers of the run are unaffected. */
  obtain(wish: Wish<LatentRequest, StageCEvent>): Promise<Result<ObtainedLatent, Failure>>;
}

/** Pictures that a location does not hold; each is decoded once for any number of callers there. */
export interface DecodeRuns {
  /** `location`: the edge location that the request reached. Fails as `LatentRuns.obtain` does. */
  obtain(location: string, wish: Wish<DecodeRequest>): Promise<Result<DecodedImage, Failure>>;
}

/** Makes names that no two waits share. */
type NewWaiterId = () => string;

/** Latent jobs in Durable Objects, one a latent's id. */
export function createLatentRuns(namespace: ObjectNamespace<LatentRunClient>, newWaiterId: NewWaiterId): LatentRuns {
  return {
    obtain: ({ request, ...wish }) =>
      obtainUnlessLeft(() => namespace.getByName(request.latentId), { ...request, waiterId: newWaiterId() }, wish),
  };
}

/**
 * Decode jobs in Durable Objects, one a location and picture. An object may live in another data centre than the
 * location it serves, so the first caller keeps the picture at its own location as well.
 */
export function createDecodeRuns(
  namespace: ObjectNamespace<DecodeRunClient>,
  { images, newWaiterId }: { readonly images: ImageCache; readonly newWaiterId: NewWaiterId },
): DecodeRuns {
  return {
    async obtain(location, { request, signal }) {
      const { latentId, options, reservationId } = request;
      const name = `${location}/${latentId}.${options.format}?${variantQuery(options)}`;
      const outcome = await obtainUnlessLeft(
        () => namespace.getByName(name),
        { ...request, waiterId: newWaiterId() },
        { signal },
      );
      if (outcome.ok && outcome.value.reservationId === reservationId)
        await images.put(latentId, options, outcome.value.bytes);
      return outcome;
    },
  };
}

/** A leave that gets lost costs the run that would have been stopped, and nothing else. */
async function obtainUnlessLeft<Request extends Waiter, Value extends RunOutcome, News>(
  stubOf: () => RunClient<Request, Value, News>,
  request: Request,
  { signal, onNews }: Pick<Wish<Request, News>, "signal" | "onNews">,
): Promise<Result<Value, Failure>> {
  if (signal.aborted) return err({ code: "job_cancelled" });
  const leave = () => void callObject(stubOf, (run) => run.leave(request.waiterId)).catch(() => {});
  signal.addEventListener("abort", leave, { once: true });
  try {
    // A client that has left meanwhile does not ask the next object, which knows nothing of the leave.
    const outcome = await callObject(
      stubOf,
      async (run): Promise<Result<Value, Failure>> =>
        signal.aborted ? err({ code: "job_cancelled" }) : run.obtain(withEarlierName(request), onNews),
    );
    return outcome.ok ? ok(withEarlierName(outcome.value)) : outcome;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
