/** Measures the time of each kind of work, to estimate that of a backlog. */
export interface ServiceRate {
  /** `units` of work of this kind took so many milliseconds of the device. */
  observe(kind: string, units: number, milliseconds: number): void;
  /** Whether anything is known of this kind. */
  isMeasured(kind: string): boolean;
  /** Milliseconds that so much work of this kind will take. */
  estimateMs(kind: string, units: number): number;
}

/** Until a kind has been measured: one task of it is taken for a second of work. */
const unmeasuredTaskMs = 1_000;

/** Some ten tasks back: follows a change of load within seconds and does not jump with each task. */
const weightOfNewest = 0.2;

/** An exponential moving average of milliseconds a unit, for each kind of work. */
export function createServiceRate(): ServiceRate {
  const unitMs = new Map<string, number>();

  return {
    observe(kind, units, milliseconds) {
      const newest = milliseconds / units;
      const known = unitMs.get(kind) ?? newest;
      unitMs.set(kind, known + weightOfNewest * (newest - known));
    },
    isMeasured: (kind) => unitMs.has(kind),
    estimateMs(kind, units) {
      const known = unitMs.get(kind);
      return known === undefined ? unmeasuredTaskMs : known * units;
    },
  };
}
