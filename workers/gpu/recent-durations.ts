/** How long answers of one kind took lately. */
export interface RecentDurations {
  add(milliseconds: number): void;
  /** The shortest: what one takes with nothing before it. Undefined before the first. */
  shortest(): number | undefined;
  /** What one in twenty exceeds; undefined until there are enough for that to mean anything. */
  p95(): number | undefined;
}

/** Some minutes of a busy isolate: old enough to be steady, young enough to follow a change of load. */
const keptMax = 100;

/** Below twenty, the 95th percentile is the longest of all. */
const countMin = 20;

/** None yet. */
export function createRecentDurations(): RecentDurations {
  const kept: number[] = [];
  return {
    add(milliseconds) {
      kept.push(milliseconds);
      if (kept.length > keptMax) kept.shift();
    },
    shortest: () => (kept.length === 0 ? undefined : Math.min(...kept)),
    p95() {
      if (kept.length < countMin) return undefined;
      return kept.toSorted((a, b) => a - b)[Math.ceil(kept.length * 0.95) - 1];
    },
  };
}
