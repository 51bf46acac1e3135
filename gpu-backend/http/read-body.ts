import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/**
 * The whole body, but never more than `bytesMax` of it in memory. Of a longer one as much again is read and dropped before it
 * is refused: a client that is still sending when the connection closes may never see why. One that is longer yet is refused
 * by its declared length, or as soon as it gets there.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  const tooLarge: Failure = { code: "payload_too_large", limitBytes: bytesMax };
  if (Number(request.headers.get("content-length") ?? 0) > 2 * bytesMax) return err(tooLarge);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > 2 * bytesMax) return err(tooLarge);
    if (length <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (length > bytesMax) return err(tooLarge);
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return ok(body);
}
