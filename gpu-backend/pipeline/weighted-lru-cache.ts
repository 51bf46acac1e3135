/** A cache bounded by the weight of what it holds. */
export interface WeightedLruCache<Value> {
  /** Also marks the value as the one used last. */
  get(key: string): Value | undefined;
  /** Drops the values used longest ago until everything fits. A value heavier than the bound is not kept. */
  set(key: string, value: Value): void;
}

/** Bound and scale, both in one unit (bytes, say). */
export interface WeightedLruCacheOptions<Value> {
  readonly weightMax: number;
  readonly weigh: (value: Value) => number;
}

/** A `Map` keeps insertion order, so its first entry is always the one used longest ago. */
export function createWeightedLruCache<Value>(options: WeightedLruCacheOptions<Value>): WeightedLruCache<Value> {
  const entries = new Map<string, Value>();
  let weight = 0;

  function remove(key: string): Value | undefined {
    const value = entries.get(key);
    if (value === undefined) return undefined;
    entries.delete(key);
    weight -= options.weigh(value);
    return value;
  }

  function add(key: string, value: Value): void {
    entries.set(key, value);
    weight += options.weigh(value);
  }

  return {
    get(key) {
      const value = remove(key);
      if (value !== undefined) add(key, value);
      return value;
    },
    set(key, value) {
      remove(key);
      add(key, value);
      for (const oldest of entries.keys()) {
        if (weight <= options.weightMax) return;
        remove(oldest);
      }
    },
  };
}
