import { ApiError } from "./api-error.ts";
import { answerOf, type CallOptions, entriesOf, type Http, type ListOptions, limited, type Schemas } from "./calls.ts";
import { readEvents } from "./event-stream.ts";

const pauseMsMin = 1_000;
const pauseMsMax = 30_000;

/** A job as the list describes it. */
export type JobEntry = Schemas["JobList"]["data"][number];

/** Waits; rejects with the signal's reason when it aborts. */
export type Pause = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** `Pause` by the platform's timer. */
export function pauseByTimer(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted) abort();
  });
}

/** Calls for jobs. */
export function jobCalls(http: Http, pause: Pause) {
  const at = (id: string) => ({ params: { path: { id } } });
  const get = (id: string, options: CallOptions = {}) => answerOf(http.GET("/v1/jobs/{id}", { ...at(id), ...options }));

  /** Settles when the events end or break off. */
  async function followEvents(id: string, options: CallOptions): Promise<void> {
    const request = { ...at(id), parseAs: "stream" as const, ...options };
    const { response, error } = await http.GET("/v1/jobs/{id}/events", request);
    if (!response.ok) throw new ApiError(error, response);
    try {
      for await (const _ of readEvents(response)) if (options.signal?.aborted) break;
    } catch (error) {
      // A proxy may cut the connection; only the caller's own abort ends the wait.
      if (options.signal?.aborted) throw error;
    }
  }

  return {
    /** Creates the job `id`, which the caller chooses: the same call again returns the same job. */
    create: (id: string, body: Schemas["CreateJobRequest"], options: CallOptions = {}) =>
      answerOf(http.PUT("/v1/jobs/{id}", { ...at(id), body, ...options })),
    /** Every job of the account, newest first; `for await` requests one page after the other. */
    list: ({ limit, ...options }: ListOptions = {}): AsyncGenerator<JobEntry> =>
      entriesOf((cursor) =>
        answerOf(http.GET("/v1/jobs", { params: { query: { ...cursor, ...limited(limit) } }, ...options })),
      ),
    /** The job and the first page of its results. */
    get,
    cancel: (id: string, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/jobs/{id}/cancel", { ...at(id), ...options })),
    /**
     * The job and the first page of its results, once it has ended. Follows its events. If they break off, it asks
     * again after a pause of 1 s that doubles up to 30 s.
     */
    async wait(id: string, options: CallOptions = {}): Promise<Schemas["Job"]> {
      for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
        await followEvents(id, options);
        const job = await get(id, options);
        if (job.ended !== null) return job;
        await pause(pauseMs, options.signal ?? undefined);
      }
    },
  };
}
