import type { Failure } from "../../shared/errors.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/**
 * The whole body, but never more than `bytesMax` of it in memory: a longer one is refused by its declared length, or
 * else as soon as it passes the limit.
 */
export async function readBody(request: Request, bytesMax: number): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  const tooLarge: Failure = { code: "payload_too_large", limitBytes: bytesMax };
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return err(tooLarge);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength;
    if (length > bytesMax) return err(tooLarge);
    chunks.push(chunk);
  }
  const body = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return ok(body);
}
