import type { Context } from "hono";
import type { Failure } from "../../shared/errors.ts";
import { stageCBodyBytesMax } from "../../shared/limits.ts";
import { ok, type Result } from "../../shared/result.ts";
import { roundMilliseconds } from "../../shared/wire/server-timing.ts";
import {
  parseStageCRequest,
  parseStageCTerms,
  type StageCRequest,
  type StageCResponse,
  stageCPath,
} from "../../shared/wire/stage-c.ts";
import type { TaskTerms } from "../../shared/wire/task-terms.ts";
import type { LaneNews } from "../lane/lane-messages.ts";
import type { Caller } from "../scheduling/identical-tasks.ts";
import type { Unscheduled } from "../scheduling/scheduler.ts";
import { answerFailure, answerUnscheduled } from "./answer-failure.ts";
import { heldModel, stageCFault } from "./check-request.ts";
import { readJson } from "./read-json.ts";
import { keyOf, runOnce } from "./run-once.ts";
import type { Services } from "./services.ts";
import type { SignedRoute } from "./signed-route.ts";
import { acceptsEvents, type RunFor, streamStageC } from "./stream-stage-c.ts";
import { type TaskTrace, traceparentHeader } from "./tracing.ts";

/**
 * POST /stage-c: token ids and seeds in, one latent a seed out, as JSON or, for who accepts them, as events. The
 * checked task decides the latents, so it is the key; previews are no part of it.
 */
export function runStageC(services: Services): SignedRoute {
  async function handle(context: Context, body: Uint8Array): Promise<Response> {
    const terms = parseStageCTerms(context.req.query());
    if (!terms.ok) return answerFailure(context, terms.error);
    const request = readTask(body);
    if (!request.ok) return answerFailure(context, request.error);
    const model = await heldModel(services.models, request.value);
    if (!model.ok) return answerFailure(context, model.error);
    const fault = stageCFault(model.value, request.value);
    if (fault !== undefined) return answerFailure(context, fault);

    const run: RunFor = async (caller) => {
      const trace = services.tracing.begin("stage-c", context.req.header(traceparentHeader));
      return runTask(services, { request: request.value, terms: terms.value, trace }, caller);
    };
    if (acceptsEvents(context)) return streamStageC(context, services.heartbeatMs, run);
    const end = await run({ signal: context.req.raw.signal });
    return end.ok ? context.json(end.value) : answerUnscheduled(context, end.error);
  }

  return { path: stageCPath, task: "stage-c", contentType: "application/json", bytesMax: stageCBodyBytesMax, handle };
}

interface TracedStageC {
  readonly request: StageCRequest;
  readonly terms: TaskTerms;
  readonly trace: TaskTrace;
}

/** Runs a checked task, or joins the run of an identical one. */
async function runTask(
  services: Services,
  { request, terms: { jobId, ...terms }, trace }: TracedStageC,
  caller: Caller<LaneNews>,
): Promise<Result<StageCResponse, Unscheduled>> {
  const { scheduler, stageCTasks, metrics } = services;
  const { priority, deadlineMs } = terms;
  const { shareKey, previewEverySteps, previewFormat, ...order } = request;
  const task = {
    kind: "stage-c",
    jobId,
    key: keyOf({ order, shareKey, priority, deadlineMs }),
    tasks: stageCTasks,
    trace,
    run: (signal: AbortSignal, onNews: (news: LaneNews) => void) =>
      scheduler.runStageC({ ...order, previewEverySteps, previewFormat }, { ...terms, signal, onNews }),
  };
  const ran = await runOnce(services, task, caller);
  if (!ran.ok) return ran;
  const { outcome, queueMs, residentBytes, timeline } = ran.value.value;
  const { textEncoder, stageC } = outcome.milliseconds;
  if (!ran.value.isShared) {
    metrics.textRead(timeline.some(({ part }) => part === "text-encoder"));
    metrics.stageCRan(outcome.files.length, { queue: queueMs, "text-encoder": textEncoder, "stage-c": stageC });
    metrics.laneResident(residentBytes);
  }
  const milliseconds = {
    queue: roundMilliseconds(queueMs),
    textEncoder: roundMilliseconds(textEncoder),
    stageC: roundMilliseconds(stageC),
  };
  return ok(toResponse(request, outcome.files, milliseconds));
}

function readTask(body: Uint8Array): Result<StageCRequest, Failure> {
  const json = readJson(body);
  return json.ok ? parseStageCRequest(json.value) : json;
}

function toResponse(
  { model, revision, seeds }: StageCRequest,
  files: readonly Uint8Array[],
  milliseconds: StageCResponse["milliseconds"],
): StageCResponse {
  const latents = files.map((file, index) => ({
    seed: seeds[index] ?? 0,
    safetensors: Buffer.from(file).toString("base64"),
  }));
  return { model, revision, latents, milliseconds };
}
