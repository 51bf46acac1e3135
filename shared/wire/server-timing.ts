/** To a hundredth of a millisecond: further digits are noise that callers would have to read. */
export function roundMilliseconds(milliseconds: number): number {
  return Number(milliseconds.toFixed(2));
}

/** Part → milliseconds as a `server-timing` header, to a hundredth of a millisecond. */
export function formatServerTiming(milliseconds: Readonly<Record<string, number>>): string {
  return Object.entries(milliseconds)
    .map(([part, duration]) => `${part};dur=${roundMilliseconds(duration)}`)
    .join(", ");
}

/** Reads what `formatServerTiming` wrote; entries of any other form are left out, since timing is never essential. */
export function parseServerTiming(header: string | null | undefined): Record<string, number> {
  const entries = (header ?? "").matchAll(/(?:^|,)\s*([a-z][a-z0-9-]*);dur=(\d+(?:\.\d+)?)\s*(?=,|$)/gu);
  return Object.fromEntries(Array.from(entries, ([, part = "", duration]) => [part, Number(duration)]));
}
