import type { Context } from "hono";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { roundMilliseconds } from "../../shared/wire/server-timing.ts";
import { parseStageCRequest, type StageCRequest, type StageCResponse } from "../../shared/wire/stage-c.ts";
import { answerFailure } from "./answer-failure.ts";
import { stageCFault } from "./check-request.ts";
import type { Services } from "./services.ts";
import { readSignedBody } from "./signed-body.ts";

const expectedBody = { contentType: "application/json", bytesMax: requestBodyBytesMax };

/** POST /stage-c: token ids and seeds in, one latent a seed out. The checked job decides the latents, so it is the key. */
export function runStageC(services: Services) {
  const { model, scheduler, stageCJobs, metrics, signedBodyRules } = services;

  return async (context: Context): Promise<Response> => {
    const body = await readSignedBody(context.req.raw, signedBodyRules, expectedBody);
    if (!body.ok) return answerFailure(context, body.error);
    const request = readJob(body.value);
    if (!request.ok) return answerFailure(context, request.error);
    const fault = stageCFault(model, request.value);
    if (fault !== undefined) return answerFailure(context, fault);

    const ran = await stageCJobs.run(JSON.stringify(request.value), () => scheduler.runStageC(request.value));
    if (!ran.ok) return answerFailure(context, ran.error);
    const { outcome, queueMs, residentBytes } = ran.value.value;
    const { textEncoder, stageC } = outcome.milliseconds;
    if (!ran.value.isShared) {
      metrics.stageCRan(outcome.files.length, { queue: queueMs, "text-encoder": textEncoder, "stage-c": stageC });
      metrics.laneResident(residentBytes);
    }
    const milliseconds = {
      queue: roundMilliseconds(queueMs),
      textEncoder: roundMilliseconds(textEncoder),
      stageC: roundMilliseconds(stageC),
    };
    return context.json(toResponse(request.value, outcome.files, milliseconds));
  };
}

function readJob(body: Uint8Array): Result<StageCRequest, Failure> {
  const json = parseJson(body);
  return json.ok ? parseStageCRequest(json.value) : json;
}

function parseJson(body: Uint8Array): Result<unknown, Failure> {
  try {
    return ok(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)));
  } catch {
    return err(invalidRequest(null, "The request body must be JSON in UTF-8."));
  }
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
