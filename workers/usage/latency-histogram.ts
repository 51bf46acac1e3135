/** Buckets per doubling. */
const resolution = 8;

/** Longer than any request takes, which bounds the number of buckets: some 20 minutes. */
const millisecondsMax = 2 ** 20;

/** Of requests that nobody waited for, such as those of a job. */
export const unmeasured = -1;

/**
 * The share by which a percentile from the histogram may differ from the exact one: half a bucket, some 4.4 %.
 * Durations below a millisecond count as one.
 */
export const percentileError = 2 ** (0.5 / resolution) - 1;

/**
 * The bucket of a duration, from 0 to 160. Buckets are geometric, so the relative error is the same for all durations.
 */
export function bucketOf(milliseconds: number): number {
  return Math.round(resolution * Math.log2(Math.min(Math.max(milliseconds, 1), millisecondsMax)));
}

/** Bucket → requests. */
export type Histogram = ReadonlyMap<number, number>;

/**
 * The duration in milliseconds that `share` (0 to 1) of the requests did not exceed, by nearest rank. Undefined without
 * a measured request.
 */
export function percentile(histogram: Histogram, share: number): number | undefined {
  const buckets = [...histogram].filter(([bucket]) => bucket !== unmeasured).sort(([a], [b]) => a - b);
  const total = buckets.reduce((sum, [, requests]) => sum + requests, 0);
  let rank = Math.max(1, Math.ceil(share * total));
  for (const [bucket, requests] of buckets) {
    rank -= requests;
    if (rank <= 0) return 2 ** (bucket / resolution);
  }
  return undefined;
}
