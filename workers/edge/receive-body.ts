import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { bodySecondsMax } from "../../shared/limits.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { BodyLease } from "./body-budget.ts";
import { type Collected, createByteCollector } from "./byte-collector.ts";

/** A request's body, which nothing has read yet. */
export interface RequestBody {
  /** All of it, read at the first call. Fails as `receiveBody` does. */
  bytes(): Promise<Result<Uint8Array<ArrayBuffer>, Failure>>;
}

/** What bounds a body. */
export interface BodyTerms {
  readonly bytesMax: number;
  readonly lease: Pick<BodyLease, "reserve">;
  /** Aborts when the body is late. */
  readonly late: AbortSignal;
}

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The whole body of a request. Fails with `payload_too_large` by its declared length or as it arrives, `server_busy`
 * when there is no room for it, `request_timeout` when it is late, and `invalid_request` when its sender leaves. A body
 * that is compressed by gzip or deflate is decoded, and its limit holds for what comes out too;
 * `unsupported_media_type` for other encodings. What has arrived of a body that fails is dropped.
 */
export async function receiveBody(request: Request, terms: BodyTerms): Promise<Result<Bytes, Failure>> {
  const { bytesMax, lease, late } = terms;
  const bytesExpected = Number(request.headers.get("content-length"));
  if (bytesExpected > bytesMax) return err(failureOf("too-long", bytesMax));
  if (request.body === null) return ok(new Uint8Array());
  const encoding = encodingOf(request.headers.get("content-encoding"));
  if (encoding === undefined) {
    return err({
      code: "unsupported_media_type",
      header: "Content-Encoding",
      expected: "gzip, or deflate, or without that header",
    });
  }
  const isPlain = encoding === "identity";
  const stream = isPlain ? request.body : request.body.pipeThrough(new DecompressionStream(encoding));
  const reader: ReadableStreamDefaultReader<Uint8Array> = stream.getReader();
  const collector = createByteCollector({
    bytesMax,
    bytesExpected: isPlain ? bytesExpected : 0,
    reserve: lease.reserve,
  });
  const ended = await collect(reader, { add: collector.add, late: whenAborted(late) });
  if (ended === "whole") return ok(collector.bytes());
  void reader.cancel().catch(() => {});
  return err(failureOf(ended, bytesMax));
}

function encodingOf(header: string | null): "identity" | "gzip" | "deflate" | undefined {
  const name = (header ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") return "identity";
  if (name === "gzip" || name === "x-gzip") return "gzip";
  return name === "deflate" ? "deflate" : undefined;
}

type Ended = "whole" | "late" | "broken" | Exclude<Collected, "kept">;

interface Collecting {
  readonly add: (chunk: Uint8Array) => Collected;
  readonly late: Promise<"late">;
}

async function collect(reader: ReadableStreamDefaultReader<Uint8Array>, { add, late }: Collecting): Promise<Ended> {
  for (;;) {
    const next = await Promise.race([reader.read().catch(() => "broken" as const), late]);
    if (typeof next === "string") return next;
    if (next.done) return "whole";
    const collected = add(next.value);
    if (collected !== "kept") return collected;
  }
}

function whenAborted(signal: AbortSignal): Promise<"late"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("late");
    else signal.addEventListener("abort", () => resolve("late"), { once: true });
  });
}

/** Other bodies are gone in about a second. */
const retryAfterSeconds = 1;

function failureOf(ended: Exclude<Ended, "whole">, limitBytes: number): Failure {
  switch (ended) {
    case "too-long":
      return { code: "payload_too_large", limitBytes };
    case "no-room":
      return { code: "server_busy", retryAfterSeconds };
    case "late":
      return { code: "request_timeout", secondsMax: bodySecondsMax };
    case "broken":
      return invalidRequest(null, "The request body ended before its length, or its compression is broken.");
  }
}
