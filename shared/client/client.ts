import createFetchClient from "openapi-fetch";
import type { paths } from "./api-types.ts";
import { answerOf, type CallOptions, entriesOf, type ListOptions, limited, type Schemas } from "./calls.ts";
import { type GenerationRequest, imageCalls } from "./image-calls.ts";
import { jobCalls, type Pause, pauseByTimer } from "./job-calls.ts";
import { latentCalls } from "./latent-calls.ts";

/** Where the service is, and who asks. */
export interface ClientOptions {
  /** The service's origin, without `/v1`. */
  readonly baseUrl: string;
  /** Keep it out of pages that others see. */
  readonly apiKey: string;
  /** Default: the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
  /** How `jobs.wait` waits between two tries. Default: a timer. */
  readonly pause?: Pause;
}

/**
 * A client of the service. Every method rejects with `ApiError` on a refusal, and as `fetch` does without an answer.
 */
export type WuerstchenClient = ReturnType<typeof createClient>;

/** Works in browsers, Node 20 and Workers. `http` calls any route of the document and leaves its errors as data. */
export function createClient({ baseUrl, apiKey, fetch, pause = pauseByTimer }: ClientOptions) {
  const http = createFetchClient<paths, "application/json">({
    baseUrl,
    headers: { authorization: `Bearer ${apiKey}` },
    ...(fetch === undefined ? {} : { fetch }),
  });
  return {
    http,
    images: imageCalls(http),
    latents: latentCalls(http),
    jobs: jobCalls(http, pause),
    /** The most that a generation can cost, and the price of each tier. Free of charge. */
    quote: (body: GenerationRequest, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/quotes", { body, ...options })),
    /** The models that the service offers. Needs no key. */
    models: (options: CallOptions = {}) => answerOf(http.GET("/v1/models", { ...options })),
    balance: (options: CallOptions = {}) => answerOf(http.GET("/v1/balance", { ...options })),
    /** What the account was charged by UTC day, newest first; `for await` requests one page after the other. */
    usage: ({ limit, ...options }: ListOptions = {}): AsyncGenerator<Schemas["UsageDay"]> =>
      entriesOf((cursor) =>
        answerOf(http.GET("/v1/usage", { params: { query: { ...cursor, ...limited(limit) } }, ...options })),
      ),
  };
}
