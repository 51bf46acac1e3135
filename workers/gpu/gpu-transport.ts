import { z } from "zod";
import { invalidRequest } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { answerTextBytesMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { backlogHeader, parseBacklog } from "../../shared/wire/backlog.ts";
import { eventStreamContentType } from "../../shared/wire/event-stream.ts";
import { overloaded, parseWireFailure, type WireFailure } from "../../shared/wire/failure.ts";
import { modelsHeader, parseModels, type RevisionsHeld } from "../../shared/wire/models-header.ts";
import { signRequest } from "../../shared/wire/request-signature.ts";
import { readBounded } from "../edge/read-bounded.ts";
import type { GpuBackend } from "./gpu-backends.ts";
import { parseJson } from "./parse-json.ts";
import type { RequestOrigin } from "./request-origin.ts";

/** 128 bits: no two requests ever share a nonce. */
const nonceBytes = 16;

/** Answers of a proxy whose backend is away. The backend's own ones of these statuses have a body that says more. */
const proxyStatuses: readonly number[] = [502, 503, 504];

/** Everything about the outer world that reaching a backend takes; arguments, so that tests steer it. */
export interface GpuTransportOptions {
  readonly secret: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** One request to a backend. */
export interface GpuRequest {
  readonly method: "GET" | "POST";
  /** "/path?query" */
  readonly target: string;
  readonly contentType?: string;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** The longest body that an answer of 200 may have, or the longest event of a stream. */
  readonly answerBytesMax: number;
  /** Whether a 400 is about what the client sent, and not about what the edge made of it. */
  readonly passesRefusals?: boolean;
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal;
  /** Of the model that it is for, if it is for one: it goes to a backend that holds it, if one is known. */
  readonly revision?: string | undefined;
  readonly origin?: RequestOrigin | undefined;
  /** Requests an answer of events, and receives them as they arrive: one listener per attempt. */
  readonly listen?: (() => AnswerListener) | undefined;
}

/** Receives the text of an answer as it arrives. */
export interface AnswerListener {
  push(text: string): void;
  /** After the end: what the answer said went wrong, if anything, and the status that is to be taken from it. */
  refusal(): Omit<GpuRefusal, "backlogMs" | "models"> | undefined;
}

/** The body of a 200 and its headers. */
export interface GpuAnswer {
  readonly headers: Headers;
  /** Empty where a listener heard it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly backlogMs: number | undefined;
  /** Those at the backend, if it said so. */
  readonly models?: RevisionsHeld | undefined;
}

/** Why there is no answer. */
export interface GpuRefusal extends WireFailure {
  /** Undefined when there was not even a status. */
  readonly status: number | undefined;
  readonly backlogMs: number | undefined;
  readonly models?: RevisionsHeld | undefined;
}

/** Sends signed requests to one backend; every way in which one can go wrong becomes a refusal. */
export type GpuTransport = (request: GpuRequest, signal: AbortSignal) => Promise<Result<GpuAnswer, GpuRefusal>>;

/** A transport to one backend. */
export function createGpuTransport(backend: GpuBackend, options: GpuTransportOptions): GpuTransport {
  return async (request, signal) => {
    const signed = await signedHeaders(options, request);
    try {
      const response = await options.fetch(`${backend.url}${request.target}`, {
        method: request.method,
        headers: { ...backend.headers, ...signed },
        ...(request.method === "POST" ? { body: request.body } : {}),
        redirect: "manual",
        signal,
      });
      return await readAnswer(request, response);
    } catch {
      // The reason may quote an address; that it failed is all a log needs, and all a client may know.
      return err({ ...unavailable, status: undefined, backlogMs: undefined });
    }
  };
}

/** Read within the time of the request, because a connection can break in the middle of a body too. */
async function readAnswer(request: GpuRequest, response: Response): Promise<Result<GpuAnswer, GpuRefusal>> {
  const { status, headers } = response;
  const told = { backlogMs: parseBacklog(headers.get(backlogHeader)), models: parseModels(headers.get(modelsHeader)) };
  if (status === 200 && request.listen !== undefined) {
    const refusal = await hear(response, request.listen(), request.answerBytesMax);
    return refusal === undefined ? ok({ headers, bytes: new Uint8Array(), ...told }) : err({ ...refusal, ...told });
  }
  const bytes = await readBounded(response, status === 200 ? request.answerBytesMax : answerTextBytesMax);
  if (bytes === undefined) return err({ ...tooLong, status, ...told });
  if (status === 200) return ok({ headers, bytes, ...told });
  return err({ ...refusalIn(request, response, parseJson(bytes)), status, ...told });
}

type HeardRefusal = ReturnType<AnswerListener["refusal"]>;

/**
 * A listener holds what has come of an event; `eventBytesMax` bounds that, so a stream may last as long as its events
 * do.
 */
async function hear({ body }: Response, listener: AnswerListener, eventBytesMax: number): Promise<HeardRefusal> {
  const decoder = new TextDecoder();
  let held = 0;
  for await (const chunk of body ?? []) {
    const text = decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n\n");
    held = end === -1 ? held + text.length : text.length - end;
    if (held > eventBytesMax) return { ...tooLong, status: 200 };
    listener.push(text);
  }
  return listener.refusal();
}

async function signedHeaders(options: GpuTransportOptions, request: GpuRequest): Promise<Record<string, string>> {
  const stamp = {
    timestampSeconds: Math.floor(options.nowMs() / 1000),
    nonce: toHex(options.randomBytes(nonceBytes)),
  };
  const { contentType, origin, listen } = request;
  return {
    ...(await signRequest(options.secret, request, stamp)),
    ...(contentType === undefined ? {} : { "content-type": contentType }),
    ...(origin === undefined ? {} : { traceparent: origin.traceparent }),
    ...(listen === undefined ? {} : { accept: eventStreamContentType }),
  };
}

const refusalSchema = z.object({
  error: z.object({ code: z.literal("invalid_request"), param: z.string().nullable(), message: z.string() }),
});

/** A backend that answers without end is broken; another one may not be. */
const tooLong: WireFailure = { failure: { code: "backend_failed" }, isDeterministic: false };

const unavailable: WireFailure = { failure: { code: "backend_unavailable" }, isDeterministic: false };

/**
 * What went wrong: what the client sent, else what the backend says, else what the status of somebody between means.
 */
function refusalIn({ passesRefusals }: GpuRequest, { status, headers }: Response, json: unknown): WireFailure {
  const retryAfter = headers.get("retry-after");
  const rejected = passesRefusals === true && status === 400 ? refusalSchema.safeParse(json).data : undefined;
  if (rejected !== undefined) {
    // The backend quotes nothing of what it refuses, so its sentence may go to the client as it is.
    return { failure: invalidRequest(rejected.error.param, rejected.error.message), isDeterministic: true };
  }
  const told = parseWireFailure(json, retryAfter);
  if (told !== undefined) return told;
  if (status === 429) return { failure: overloaded(retryAfter), isDeterministic: false };
  if (proxyStatuses.includes(status)) return unavailable;
  // A 4xx is our own fault, not the client's: the edge has checked the request before.
  return { failure: { code: "backend_failed" }, isDeterministic: false };
}
