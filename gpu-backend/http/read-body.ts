import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** The length that a request declares for its body, in bytes; undefined for one that is sent in chunks. */
export function declaredBytes(request: Request): number | undefined {
  const length = request.headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/**
 * The whole body, but never more than `bytesMax` of it in memory. Of a longer one that declares no length as much again
 * is read and dropped before it is refused: a client that is still sending when the connection closes may never see
 * why.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  const tooLarge: Failure = { code: "payload_too_large", limitBytes: bytesMax };
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.byteLength;
      if (length > 2 * bytesMax) return err(tooLarge);
      if (length <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    // Its sender has gone, or was too slow and has got 408 from the server.
    return err(invalidRequest(null, "The request body ended before its length."));
  }
  return length > bytesMax ? err(tooLarge) : ok(joined(chunks, length));
}

/**
 * Reads at most so many bytes of a body and keeps none: a client that is still sending when the connection closes may
 * never see why it is refused.
 */
export async function dropBody(request: Request, bytesMax: number): Promise<void> {
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.byteLength;
      if (length > bytesMax) return;
    }
  } catch {
    // Its sender has gone.
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return body;
}
