import { ApiError } from "./api-error.ts";
import type { CallOptions } from "./calls.ts";
import { readEvents } from "./event-stream.ts";

/** How far Stage C is with one picture: `step` of `steps`, counted from 1. */
export interface StepReport {
  readonly step: number;
  readonly steps: number;
}

/** Of a stream: `onStep` is called after each step that the service reports. */
export interface StreamOptions extends CallOptions {
  readonly onStep?: ((report: StepReport) => void) | undefined;
}

/** The answer to a request that asked for a stream. */
interface StreamedAnswer {
  readonly response: Response;
  readonly error?: unknown;
}

/** The events of a request. Rejects with `ApiError` on a refusal and on an `error` event. */
export async function* eventsOf<Event>(
  call: Promise<StreamedAnswer>,
  onStep: StreamOptions["onStep"],
): AsyncGenerator<Event> {
  const { response, error } = await call;
  if (!response.ok) throw new ApiError(error, response);
  for await (const { event, data } of readEvents(response, (comment) => reportStep(comment, onStep))) {
    const json: unknown = JSON.parse(data);
    if (event === "error") throw new ApiError(json);
    // The document says which schema the events have.
    yield json as Event;
  }
}

/** The service reports steps as comments, which other clients skip: "step 3 of 12". */
function reportStep(comment: string, onStep: StreamOptions["onStep"]): void {
  const [, step, steps] = /^\s*step (\d+) of (\d+)$/u.exec(comment) ?? [];
  if (steps !== undefined) onStep?.({ step: Number(step), steps: Number(steps) });
}
