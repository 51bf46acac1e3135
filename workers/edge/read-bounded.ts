/**
 * The body of an answer from outside, at most `bytesMax` bytes of it in memory. Undefined when it is longer; the connection
 * is closed then. Rejects when the connection breaks.
 */
export async function readBounded(
  { body, headers }: Response,
  bytesMax: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body === null) return new Uint8Array();
  if (Number(headers.get("content-length")) > bytesMax) return void body.cancel();
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop early closes the stream.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
