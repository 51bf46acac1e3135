import { createByteCollector } from "./byte-collector.ts";

/**
 * The body of an answer from outside, at most `bytesMax` bytes of it in memory. Undefined when it is longer; the
 * connection is closed then. Rejects when the connection breaks.
 */
export async function readBounded(
  { body, headers }: Response,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array();
  const bytesExpected = Number(headers.get("content-length"));
  if (bytesExpected > bytesMax) return void body.cancel();
  const collector = createByteCollector({ bytesMax, bytesExpected });
  // Leaving the loop early closes the stream.
  for await (const chunk of body) if (collector.add(chunk) !== "kept") return undefined;
  return collector.bytes();
}
