/** (rows, width) → (rowsWanted, width): zeros after the last row. */
export function padRows(values: Float32Array, width: number, rowsWanted: number): Float32Array<ArrayBuffer> {
  const padded = new Float32Array(rowsWanted * width);
  padded.set(values);
  return padded;
}

/** (length): 1 for each of the first `count` places, 0 after them. */
export function leadingOnes(count: number, length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(length).fill(1, 0, count);
}
