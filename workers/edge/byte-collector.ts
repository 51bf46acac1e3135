/** How much is collected, and whether there is room for it. */
export interface CollectorTerms {
  readonly bytesMax: number;
  /** How many bytes will come, as far as their sender says; 0: unknown. */
  readonly bytesExpected?: number;
  /** Asks for room for so many more bytes, before they are held. */
  readonly reserve?: (bytes: number) => boolean;
}

/** What became of a chunk. */
export type Collected = "kept" | "too-long" | "no-room";

/** Puts the chunks of a stream together. */
export interface ByteCollector {
  /** Copies a chunk. After anything but "kept" the collector is of no more use. */
  add(chunk: Uint8Array): Collected;
  /** All that was added, in order. */
  bytes(): Uint8Array<ArrayBuffer>;
}

/**
 * Collects into one buffer that doubles as it fills, so what is held is what was reserved: a list of chunks would cost
 * a sender of single bytes nothing, and us a hundred bytes for each. Not more than twice what has come is reserved.
 */
export function createByteCollector({
  bytesMax,
  bytesExpected = 0,
  reserve = () => true,
}: CollectorTerms): ByteCollector {
  let buffer = new Uint8Array(0);
  let length = 0;

  function grow(needed: number): boolean {
    const doubled = Math.max(needed, 2 * buffer.length);
    const enough = bytesExpected >= needed ? Math.min(doubled, bytesExpected) : Math.min(doubled, bytesMax);
    if (!reserve(enough - buffer.length)) return false;
    const grown = new Uint8Array(enough);
    grown.set(buffer.subarray(0, length));
    buffer = grown;
    return true;
  }

  return {
    add(chunk) {
      const needed = length + chunk.length;
      if (needed > bytesMax) return "too-long";
      if (needed > buffer.length && !grow(needed)) return "no-room";
      buffer.set(chunk, length);
      length = needed;
      return "kept";
    },
    bytes: () => buffer.subarray(0, length),
  };
}
