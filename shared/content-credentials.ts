import { behindPngHeader, findPngChunk } from "./png-chunk.ts";

/**
 * A file of ours without its C2PA manifest, byte for byte as it was before that was put in; undefined when none stands
 * where ours would: behind a PNG's header, first in a JPEG, last in a WebP (appendix A of the specification).
 */
export function withoutManifest(file: Uint8Array): Uint8Array | undefined {
  return withoutPngChunk(file) ?? withoutJpegSegments(file) ?? withoutWebpChunk(file);
}

function withoutPngChunk(file: Uint8Array): Uint8Array | undefined {
  const chunk = findPngChunk(file, ({ start }) => start === behindPngHeader);
  return chunk !== undefined && hasText(file, chunk.start + 4, "caBX") ? cut(file, chunk.start, chunk.end) : undefined;
}

/** APP11, of which a large manifest takes several: marker (2), length with itself (2), "JP". */
function withoutJpegSegments(file: Uint8Array): Uint8Array | undefined {
  const first = 2;
  if (file[0] !== 0xff || file[1] !== 0xd8) return undefined;
  let end = first;
  while (file[end] === 0xff && file[end + 1] === 0xeb && hasText(file, end + 4, "JP")) {
    end += 2 + 256 * (file[end + 2] ?? 0) + (file[end + 3] ?? 0);
  }
  return end > first && end <= file.length ? cut(file, first, end) : undefined;
}

/**
 * RIFF: "RIFF", the size of what follows (4, little-endian), "WEBP", then chunks: name, size, data, padding to even.
 */
function withoutWebpChunk(file: Uint8Array): Uint8Array | undefined {
  if (!hasText(file, 0, "RIFF") || !hasText(file, 8, "WEBP")) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let start = 12; start + 8 <= file.length; ) {
    const size = view.getUint32(start + 4, true);
    const end = start + 8 + size + (size % 2);
    if (hasText(file, start, "C2PA")) return end === file.length ? cutFromRiff(file, start) : undefined;
    start = end;
  }
  return undefined;
}

function cutFromRiff(file: Uint8Array, end: number): Uint8Array {
  const rest = file.slice(0, end);
  new DataView(rest.buffer).setUint32(4, end - 8, true);
  return rest;
}

function cut(file: Uint8Array, start: number, end: number): Uint8Array {
  const rest = new Uint8Array(file.length - (end - start));
  rest.set(file.subarray(0, start));
  rest.set(file.subarray(end), start);
  return rest;
}

function hasText(file: Uint8Array, at: number, text: string): boolean {
  return [...text].every((character, i) => file[at + i] === character.charCodeAt(0));
}
