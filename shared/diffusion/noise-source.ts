import { createMt19937, type RandomWords } from "./mt19937.ts";

/** Standard normal numbers. A source belongs to one picture, so that nothing beside it can change what it draws. */
export interface NoiseSource {
  /** The next `count` numbers, as `torch.randn(count)` gives them. */
  draw(count: number): Float32Array<ArrayBuffer>;
}

const { fround } = Math;
const blockLength = 16;
const fullTurn = fround(2 * Math.PI);

/**
 * PyTorch's CPU generator: the same seed gives the same numbers, up to the last bits of its vectorised logarithm and
 * sine (some 4e-7). `seed`: 0…2³²−1.
 */
export function createNoiseSource(seed: number): NoiseSource {
  const words = createMt19937(seed);
  const nextNormal = createPairedNormals(words);

  return {
    draw(count) {
      if (count >= blockLength) return drawBlocks(words, count);
      return Float32Array.from({ length: count }, nextNormal);
    },
  };
}

/** All uniform numbers first, then the transform in blocks of 16; a ragged end is drawn again as one whole block. */
function drawBlocks(words: RandomWords, count: number): Float32Array<ArrayBuffer> {
  const values = Float32Array.from({ length: count }, () => uniform24(words));
  for (let start = 0; start + blockLength <= count; start += blockLength) {
    transformBlock(values.subarray(start, start + blockLength));
  }
  if (count % blockLength !== 0) {
    const last = values.subarray(count - blockLength);
    for (let i = 0; i < blockLength; i += 1) last[i] = uniform24(words);
    transformBlock(last);
  }
  return values;
}

/** Box–Muller in place, pairing number j with number j + 8, and rounded to float32 where PyTorch rounds. */
function transformBlock(block: Float32Array): void {
  for (let j = 0; j < blockLength / 2; j += 1) {
    const radius = fround(Math.sqrt(fround(-2 * fround(Math.log(fround(1 - (block[j] ?? 0)))))));
    const angle = fround(fullTurn * (block[j + blockLength / 2] ?? 0));
    block[j] = radius * Math.cos(angle);
    block[j + blockLength / 2] = radius * Math.sin(angle);
  }
}

/** Draws of less than a block are made in double precision, one pair at a time; half a pair waits for the next draw. */
function createPairedNormals(words: RandomWords): () => number {
  let waiting: number | undefined;

  return () => {
    if (waiting !== undefined) {
      const value = waiting;
      waiting = undefined;
      return value;
    }
    const angle = 2 * Math.PI * uniform53(words);
    const radius = Math.sqrt(-2 * Math.log1p(-uniform53(words)));
    waiting = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** In [0, 1), a multiple of 2⁻²⁴. */
function uniform24(words: RandomWords): number {
  return (words.next() & 0xff_ffff) * 2 ** -24;
}

/** In [0, 1), a multiple of 2⁻⁵³, from the low 53 bits of two words, high word first. */
function uniform53(words: RandomWords): number {
  const high = words.next() & 0x1f_ffff;
  return (high * 2 ** 32 + words.next()) * 2 ** -53;
}
