import { z } from "zod";
import type { Failure } from "../errors.ts";
import { previewBytesMax, stepsMax } from "../limits.ts";
import { outputFormatSchema } from "../output-format-schema.ts";
import { err, type Result } from "../result.ts";
import { formatEvent, type ServerEvent } from "./event-stream.ts";
import { formatWireFailure, parseWireFailure, type WireFailure } from "./failure.ts";
import { parseStageCResponse, type StageCRequest, type StageCResponse } from "./stage-c.ts";

// A Stage C task whose sender accepts text/event-stream is answered with these events: any number of `progress` and
// `preview`, then one `result`, whose data is the body that the JSON answer has, or one `error` with an error's body
// and the status that it would have had.

const stepSchema = z.int().min(1).max(stepsMax);

const eventSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("progress"),
    /** Done for every sample of the task. */
    step: stepSchema,
    steps: stepSchema,
  }),
  z.object({
    kind: z.literal("preview"),
    /** The place of its seed in the request. */
    sample: z.int().min(0),
    step: stepSchema,
    format: outputFormatSchema,
    /** A picture file in standard base64: roughly what will be seen, told from the latent as it is estimated by now. */
    image: z.base64().max(Math.ceil(previewBytesMax / 3) * 4),
  }),
]);

/** The reports of a running task. A slow reader misses some of them. */
export type StageCEvent = z.infer<typeof eventSchema>;

/** A task's event, or its end. */
export type StageCMessage =
  | { readonly kind: "event"; readonly event: StageCEvent }
  | { readonly kind: "end"; readonly end: Result<StageCResponse, StageCRefusal> };

/** Why a task that had begun gave nothing: our own fault or the backend's, never the client's. */
export interface StageCRefusal extends WireFailure {
  /** What the answer's status would have been without events. */
  readonly status: number | undefined;
}

/** As the backend sends it. */
export function formatStageCEvent({ kind, ...data }: StageCEvent): string {
  return formatEvent(kind, data);
}

/** The last event of a task. */
export function formatStageCEnd(end: Result<StageCResponse, Failure>): string {
  if (end.ok) return formatEvent("result", end.value);
  const { status, body } = formatWireFailure(end.error);
  return formatEvent("error", { status, ...body });
}

/** The edge's reading of one event of the answer to `request`; undefined for what it does not know. */
export function parseStageCMessage({ event, data }: ServerEvent, request: StageCRequest): StageCMessage | undefined {
  const json = readRecord(data);
  if (event === "result") return { kind: "end", end: readResponse(json, request) };
  if (event === "error") return { kind: "end", end: err(readRefusal(json)) };
  const told = eventSchema.safeParse({ ...json, kind: event });
  return told.success ? { kind: "event", event: told.data } : undefined;
}

function readResponse(json: object | undefined, request: StageCRequest): Result<StageCResponse, StageCRefusal> {
  const response = parseStageCResponse(json, request);
  return response.ok ? response : err({ failure: response.error, isDeterministic: false, status: undefined });
}

function readRefusal(json: object | undefined): StageCRefusal {
  const { data } = statusSchema.safeParse(json);
  const read = parseWireFailure(json, null) ?? { failure: { code: "backend_failed" }, isDeterministic: false };
  return { ...read, status: data?.status };
}

const statusSchema = z.object({ status: z.int().min(400).max(599) });

function readRecord(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
