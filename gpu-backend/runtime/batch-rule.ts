import { type Float32Tensor, float32Tensor } from "../../shared/decoding/host-tensor.ts";
import { type RowInputs, splitRows } from "./row-batch.ts";

/**
 * Which calls of a graph may share a run: those of at least `rowsMin` rows, up to `rowsMax` rows together. A call that
 * is smaller runs alone, always, so that its bytes never depend on other requests.
 */
export interface BatchRule {
  readonly rowsMin: number;
  readonly rowsMax: number;
}

/** The rule of a graph that is never shared. */
export const aloneRule: BatchRule = { rowsMin: Number.POSITIVE_INFINITY, rowsMax: 1 };

/** Runs a graph on rows. */
export type RunRows = (inputs: RowInputs) => Promise<Float32Tensor>;

/**
 * Finds the rule by trying: rows of noise, alone and in batches of several sizes and at several places, must give the
 * same bytes. Kernels choose their order of summation by shape (onnxruntime's ReduceSum over the first axes has another
 * path for one row than for two), so this is a property of provider, machine and shape, and cannot be read off a graph.
 *
 * `example`: any call of the graph; only its shapes matter. Costs some four times `rowsMax` rows, once a shape.
 */
export async function probeBatchRule(run: RunRows, example: RowInputs, rowsMax: number): Promise<BatchRule> {
  if (rowsMax < 2) return aloneRule;
  const noise = noiseRows(example, rowsMax);
  const whole = splitRows(await run(noise), new Array<number>(rowsMax).fill(1));
  for (const rowsMin of [1, 2]) {
    if (await allEqual(run, { noise, whole, sizes: sizesFrom(rowsMin, rowsMax) })) return { rowsMin, rowsMax };
  }
  return aloneRule;
}

interface Trial {
  readonly noise: RowInputs;
  /** What each row of `noise` gives when all run together. */
  readonly whole: readonly Float32Tensor[];
  readonly sizes: readonly number[];
}

/** From small to large, because only small batches were ever seen to differ. */
async function allEqual(run: RunRows, { noise, whole, sizes }: Trial): Promise<boolean> {
  for (const size of sizes) {
    // The last rows, so that each stands at another place than it has in the whole.
    const start = whole.length - size;
    const outputs = splitRows(await run(sliceRows(noise, start, size)), new Array<number>(size).fill(1));
    if (!outputs.every((output, index) => sameBytes(output, whole[start + index]))) return false;
  }
  return true;
}

/** Kernels change their minds between few rows rather than between many. */
function sizesFrom(rowsMin: number, rowsMax: number): number[] {
  return [1, 2, 3, 4, 5, 8, 12].filter((size) => size >= rowsMin && size < rowsMax);
}

/**
 * Numbers in [−1, 1) from a linear congruential generator: any will do, but the same everywhere. Masks are all ones.
 */
function noiseRows(example: RowInputs, rows: number): RowInputs {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const entries = Object.entries(example).map(([name, { shape }]) => {
    const sides = [rows, ...shape.slice(1)];
    const length = sides.reduce((product, side) => product * side, 1);
    const value = name.endsWith("_mask") ? () => 1 : next;
    return [name, float32Tensor(Float32Array.from({ length }, value), sides)] as const;
  });
  return Object.fromEntries(entries);
}

function sliceRows(inputs: RowInputs, start: number, rows: number): RowInputs {
  const entries = Object.entries(inputs).map(([name, { data, shape }]) => {
    const rowLength = data.length / (shape[0] ?? 1);
    const part = data.subarray(start * rowLength, (start + rows) * rowLength);
    return [name, float32Tensor(part, [rows, ...shape.slice(1)])] as const;
  });
  return Object.fromEntries(entries);
}

function sameBytes(a: Float32Tensor, b: Float32Tensor | undefined): boolean {
  if (b === undefined) return false;
  const bytes = ({ data }: Float32Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytes(a).equals(bytes(b));
}
