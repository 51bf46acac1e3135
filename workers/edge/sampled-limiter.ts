/**
 * One request in this many is counted per name, so wrangler.toml's limit is smaller by this factor.
 */
const sampleSize = 16;

/** Names that are counted separately; beyond it all are forgotten, and the next request of each is counted. */
const namesMax = 4_096;

/** What an isolate knows of a name. */
interface Seen {
  requests: number;
  /** Unix milliseconds. */
  refusedUntilMs: number;
}

/** What a binding of the platform's rate limiting offers. */
type Limiter = Pick<RateLimit, "limit">;

/**
 * Asks a limiter about the first request of a name that this isolate sees and about every sixteenth after it, since
 * asking about each costs more than most requests do. Who was refused stays so for `refusedMs`, the limiter's period,
 * without another question. Isolates count for themselves, so a flood ends within 16 requests of each.
 */
export function createSampledLimiter(limiter: Limiter, refusedMs: number, nowMs: () => number): Limiter {
  const names = new Map<string, Seen>();

  function seenOf(key: string): Seen {
    const known = names.get(key);
    if (known !== undefined) return known;
    if (names.size >= namesMax) names.clear();
    const seen = { requests: 0, refusedUntilMs: 0 };
    names.set(key, seen);
    return seen;
  }

  return {
    async limit({ key }) {
      const seen = seenOf(key);
      if (nowMs() < seen.refusedUntilMs) return { success: false };
      const isCounted = seen.requests % sampleSize === 0;
      seen.requests += 1;
      if (!isCounted) return { success: true };
      const { success } = await limiter.limit({ key });
      // After the period the next one is counted again.
      if (!success) Object.assign(seen, { requests: 0, refusedUntilMs: nowMs() + refusedMs });
      return { success };
    },
  };
}
