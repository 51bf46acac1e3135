/** float32 values in memory, row-major. */
export interface Float32Tensor {
  readonly dtype: "float32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** int64 values in memory, row-major. */
export interface Int64Tensor {
  readonly dtype: "int64";
  readonly shape: readonly number[];
  readonly data: BigInt64Array;
}

/** What a graph takes. */
export type HostTensor = Float32Tensor | Int64Tensor;

/** Wraps values without copying them. */
export function float32Tensor(data: Float32Array, shape: readonly number[]): Float32Tensor {
  return { dtype: "float32", shape, data };
}

/** Whole numbers as int64. */
export function int64Tensor(values: readonly number[], shape: readonly number[]): Int64Tensor {
  return { dtype: "int64", shape, data: BigInt64Array.from(values, BigInt) };
}

/** The same values so many times, one after the other: rows of a run. */
export function repeated(values: Float32Array, times: number): Float32Array {
  if (times === 1) return values;
  const rows = new Float32Array(values.length * times);
  for (let row = 0; row < times; row += 1) rows.set(values, row * values.length);
  return rows;
}

/** "float32 (1, 16, 8, 8)": all that a message may say of a tensor, for its values may be a customer's prompt. */
export function describeTensor({ dtype, shape }: Pick<HostTensor, "dtype" | "shape">): string {
  return `${dtype} (${shape.join(", ")})`;
}
