import type { Failure } from "../../shared/errors.ts";
import { answerTextBytesMax } from "../../shared/limits.ts";
import { err, type Result } from "../../shared/result.ts";
import { type CancelRequest, cancelPath, parseCancelResponse } from "../../shared/wire/cancel.ts";
import type { Priority, TaskTerms } from "../../shared/wire/task-terms.ts";
import type { GpuFleet } from "./gpu-fleet.ts";
import type { GpuAnswer, GpuRequest } from "./gpu-transport.ts";
import { parseJson } from "./parse-json.ts";
import type { RequestOrigin } from "./request-origin.ts";

/**
 * A cancellation waits until the job has ended, which is one step of a sampler away: a thirtieth of the time of a job
 * that may take five minutes or longer, and no less than ten seconds.
 */
function cancelTimeoutMs(jobMsMax: number): number {
  return Math.max(10_000, jobMsMax / 30);
}

/** On whose behalf a job is done. A backend sees HMACs of both, by which it shares its device fairly. */
export interface TaskPayer {
  readonly account: string;
  /** The request's reservation. */
  readonly reservationId: string;
}

/** How a job is done. What it makes never depends on it. */
export interface TaskConditions {
  readonly priority: Priority;
  readonly payer: TaskPayer;
  /** Aborts when the last caller has left. */
  readonly signal: AbortSignal;
  readonly origin?: RequestOrigin | undefined;
}

/** Conditions of a job that has its name and its payer's tags. */
export type Named<Conditions> = Omit<Conditions, "payer"> & {
  readonly terms: TaskTerms & { readonly jobId: string };
};

/** Gives a job a name of its own, and turns its payer into tags. */
export type NameJob = <Conditions extends TaskConditions>(conditions: Conditions) => Promise<Named<Conditions>>;

/** A job as it is sent, and the name by which it is cancelled: see `TaskTerms`. */
export interface NamedRequest {
  readonly jobId: string;
  readonly request: GpuRequest;
  /** See `GpuFleet.send`. */
  readonly isHedged: boolean;
}

/**
 * Sends a job. When the signal aborts, every backend is told so by the job's name, because a proxy between the two may
 * not pass on that a connection was closed; then the connection is closed, for the case that the job had not arrived
 * there yet. Fails with `job_cancelled` then, with the part of the job that had run, unless the answer came first.
 */
export async function sendCancellable(
  fleet: GpuFleet,
  { jobId, request, isHedged }: NamedRequest,
  { signal, origin }: Pick<TaskConditions, "signal" | "origin">,
): Promise<Result<GpuAnswer, Failure>> {
  if (signal.aborted) return err({ code: "job_cancelled", doneShare: 0 });
  const connection = new AbortController();
  let cancelling: Promise<number> | undefined;
  const cancel = () => {
    cancelling = cancelEverywhere(fleet, { jobId, request }).then((doneShare) => {
      // The answer of a job that is done already is on its way.
      if (doneShare < 1) connection.abort();
      return doneShare;
    });
  };
  signal.addEventListener("abort", cancel, { once: true });
  const answer = await fleet.send({ ...request, origin, signal: connection.signal }, { isHedged, unwanted: signal });
  signal.removeEventListener("abort", cancel);
  if (answer.ok || cancelling === undefined) return answer;
  return err({ code: "job_cancelled", doneShare: await cancelling });
}

/** The part of the job that had run where most of it did: of two backends that raced, the caller pays one. */
async function cancelEverywhere(
  fleet: GpuFleet,
  { jobId, request }: Pick<NamedRequest, "jobId" | "request">,
): Promise<number> {
  const answers = await fleet.sendToEach(cancellation(jobId, request.timeoutMs));
  const shares = answers.map((answer) =>
    answer.ok ? (parseCancelResponse(parseJson(answer.value.bytes))?.doneShare ?? 0) : 0,
  );
  return Math.max(0, ...shares);
}

function cancellation(jobId: string, jobMsMax: number): GpuRequest {
  const body: CancelRequest = { jobId };
  return {
    method: "POST",
    target: cancelPath,
    contentType: "application/json",
    body: new TextEncoder().encode(JSON.stringify(body)),
    timeoutMs: cancelTimeoutMs(jobMsMax),
    answerBytesMax: answerTextBytesMax,
  };
}
