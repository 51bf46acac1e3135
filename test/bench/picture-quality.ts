/** 10 log₁₀(peak² / mean squared difference), in dB; infinite for equal values. Both must be of one length. */
export function psnrDb(values: ArrayLike<number>, reference: ArrayLike<number>, peak: number): number {
  let sum = 0;
  for (let index = 0; index < reference.length; index += 1) {
    sum += ((values[index] ?? 0) - (reference[index] ?? 0)) ** 2;
  }
  return 10 * Math.log10((peak * peak * reference.length) / sum);
}
