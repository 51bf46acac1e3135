/** Learns how long runs take by their rows, to tell how much company a call may have. */
export interface RunTimes {
  /**
   * A run of graph and shape `key` with so many rows took so long. The first finds cold caches, and says nothing of
   * company.
   */
  observe(key: string, rows: number, milliseconds: number): void;
  /** Milliseconds of a row in runs of graph and shape `key`; undefined while there was none. */
  rowMs(key: string): number | undefined;
  /** The rows up to which a run takes at most `times` as long as these rows alone; Infinity while nothing is known. */
  rowsWithin(key: string, rows: number, times: number): number;
}

/** Some ten runs back: follows a change of load within a second. */
const weightOfNewest = 0.1;

/** Below this, all runs had the same rows, and nothing can be told of others. */
const varianceMin = 1e-9;

interface Means {
  rows: number;
  ms: number;
  rowsSquared: number;
  rowsMs: number;
}

/**
 * A line through rows and milliseconds, by exponential moving averages: `ms = fixed + slope × rows`, both at least 0. A
 * graphics card computes more rows in the same time, so nearly all may join; a processor takes as much longer as there
 * are rows, so that company saves nothing and costs its leader time.
 */
export function createRunTimes(): RunTimes {
  const known = new Map<string, Means>();
  const firstRowMs = new Map<string, number>();

  return {
    observe(key, rows, ms) {
      if (!firstRowMs.has(key)) {
        firstRowMs.set(key, ms / rows);
        return;
      }
      const newest = { rows, ms, rowsSquared: rows * rows, rowsMs: rows * ms };
      const means = known.get(key);
      if (means === undefined) {
        known.set(key, newest);
        return;
      }
      const toward = (mean: number, value: number) => mean + weightOfNewest * (value - mean);
      means.rows = toward(means.rows, newest.rows);
      means.ms = toward(means.ms, newest.ms);
      means.rowsSquared = toward(means.rowsSquared, newest.rowsSquared);
      means.rowsMs = toward(means.rowsMs, newest.rowsMs);
    },
    rowMs(key) {
      const means = known.get(key);
      return means === undefined ? firstRowMs.get(key) : means.ms / means.rows;
    },
    rowsWithin(key, rows, times) {
      const means = known.get(key);
      if (means === undefined) return Number.POSITIVE_INFINITY;
      const slope = slopeOf(means);
      if (slope <= 0) return Number.POSITIVE_INFINITY;
      const fixed = means.ms - slope * means.rows;
      return Math.floor(rows + ((times - 1) * (fixed + slope * rows)) / slope + varianceMin);
    },
  };
}

function slopeOf({ rows, ms, rowsSquared, rowsMs }: Means): number {
  const proportional = ms / rows;
  const variance = rowsSquared - rows * rows;
  if (variance < varianceMin) return proportional;
  return Math.min(proportional, (rowsMs - rows * ms) / variance);
}
