// A chunk is its data's length, its type, its data, and a checksum of the latter two. Bytes:
const typeBytes = 4;
const lengthBytes = 4;
const checksumBytes = 4;

/** Behind the signature of eight bytes. */
const firstChunkAt = 8;

/** Behind IHDR, which comes first and has 13 bytes of data: where chunks about the whole picture may stand. */
export const behindPngHeader = firstChunkAt + lengthBytes + typeBytes + 13 + checksumBytes;

/** A chunk of a PNG file: where it begins, its checksum stands, and the next one begins. */
export interface PngChunk {
  readonly start: number;
  readonly checksumAt: number;
  readonly end: number;
}

/** The first chunk of a PNG file that is as wanted, of those that are whole; of any other file, none. */
export function findPngChunk(file: Uint8Array, isWanted: (chunk: PngChunk) => boolean): PngChunk | undefined {
  if (!isPng(file)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let start = firstChunkAt; start + lengthBytes + typeBytes + checksumBytes <= file.length; ) {
    const checksumAt = start + lengthBytes + typeBytes + view.getUint32(start);
    const chunk = { start, checksumAt, end: checksumAt + checksumBytes };
    if (chunk.end > file.length) return undefined;
    if (isWanted(chunk)) return chunk;
    start = chunk.end;
  }
  return undefined;
}

/** Whether a file begins as PNG files do. */
function isPng(file: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => file[i] === byte);
}

/** A chunk's checksum as it ought to be: CRC-32 of type and data (PNG, annex D). */
export function pngChecksum(file: Uint8Array, { start, checksumAt }: PngChunk): number {
  let rest = 0xffffffff;
  for (const byte of file.subarray(start + lengthBytes, checksumAt)) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}
