/** The value below which a share of the values lies, without interpolation; NaN of none. `share`: 0…1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** The middle value; of an even count, the upper of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
