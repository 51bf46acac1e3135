import type { Failure } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { signRequest } from "../../shared/wire/request-signature.ts";

/** 128 bits: no two requests ever share a nonce. */
const nonceBytes = 16;

/** What a backend that is too busy asks for when it names no time itself. */
const retryAfterSecondsDefault = 2;

/** Answers of a proxy whose backend is away: the backend itself never gives them. */
const proxyStatuses: readonly number[] = [502, 503, 504];

/** Everything about the outer world that reaching the backend takes; arguments, so that tests steer it. */
export interface GpuTransportOptions {
  /** Without a path. */
  readonly url: string;
  readonly secret: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (milliseconds: number) => AbortSignal;
  readonly log: (entry: Readonly<Record<string, string | number>>) => void;
}

/** One request to the backend. */
export interface GpuRequest {
  readonly method: "GET" | "POST";
  /** "/path?query" */
  readonly target: string;
  readonly contentType?: string;
  readonly body: Uint8Array;
  readonly timeoutMs: number;
  /** Closes the connection when it aborts. */
  readonly signal?: AbortSignal;
}

/** The body of a 200 and its headers. */
export interface GpuAnswer {
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Sends signed requests; every way in which one can go wrong becomes a failure that clients may be told. */
export type GpuTransport = (request: GpuRequest) => Promise<Result<GpuAnswer, Failure>>;

/** A transport to one backend. */
export function createGpuTransport(options: GpuTransportOptions): GpuTransport {
  return async (request) => {
    const headers = await signedHeaders(options, request);
    try {
      const response = await options.fetch(`${options.url}${request.target}`, {
        method: request.method,
        headers,
        ...(request.method === "POST" ? { body: request.body } : {}),
        redirect: "manual",
        signal: AbortSignal.any([options.timeout(request.timeoutMs), ...(request.signal ? [request.signal] : [])]),
      });
      // Read here, because a connection can break in the middle of a body too.
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.status === 200) return ok({ headers: response.headers, bytes });
      options.log({ event: "backend_refused", path: pathOf(request), status: response.status });
      return err(failureOf(response));
    } catch {
      // The reason may quote an address; that it failed is all a log needs, and all a client may know.
      options.log({ event: "backend_unreachable", path: pathOf(request) });
      return err({ code: "backend_unavailable" });
    }
  };
}

async function signedHeaders(options: GpuTransportOptions, request: GpuRequest): Promise<Record<string, string>> {
  const stamp = {
    timestampSeconds: Math.floor(options.nowMs() / 1000),
    nonce: toHex(options.randomBytes(nonceBytes)),
  };
  const signature = await signRequest(options.secret, request, stamp);
  return request.contentType === undefined ? signature : { ...signature, "content-type": request.contentType };
}

/** A 4xx is our own fault, not the client's: the edge has checked the request before. */
function failureOf(response: Response): Failure {
  if (response.status === 429) {
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const retryAfterSeconds = Number.isFinite(seconds) ? seconds : retryAfterSecondsDefault;
    return { code: "backend_overloaded", retryAfterSeconds };
  }
  return { code: proxyStatuses.includes(response.status) ? "backend_unavailable" : "backend_failed" };
}

function pathOf({ target }: GpuRequest): string {
  return target.split("?", 1)[0] ?? target;
}
