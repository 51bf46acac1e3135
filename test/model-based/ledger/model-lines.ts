// What work comes to, as the ledger's model has it. Imports nothing of the code under test.

/** One line of work. */
export interface ModelLine {
  readonly kind: "generation" | "hit" | "decode" | "stopped";
  readonly latentId: string;
  readonly microUsd: number;
}

/** The sum of some amounts. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What some work costs. */
export function priceOf(lines: readonly ModelLine[]): number {
  return sum(lines.map(({ microUsd }) => microUsd));
}

/** Stopped work costs at most what the ceiling leaves. */
export function within(ceiling: number, lines: readonly ModelLine[]): ModelLine[] {
  const finished = lines.filter(({ kind }) => kind !== "stopped");
  let rest = Math.max(0, ceiling - priceOf(finished));
  const stopped = lines.filter(({ kind }) => kind === "stopped");
  const lowered = stopped.map((line) => {
    const microUsd = Math.min(rest, line.microUsd);
    rest -= microUsd;
    return { ...line, microUsd };
  });
  return [...finished, ...lowered];
}

/** A hit is paid with the latent itself; the same work counts once, at the higher price. */
export function withClaimed(noted: ReadonlyMap<string, ModelLine>, claimed: ModelLine): ModelLine[] {
  const all = [...noted.values()];
  const covers = ({ kind, latentId }: ModelLine) =>
    latentId === claimed.latentId && (kind === "generation" || kind === "hit");
  if (claimed.kind === "hit" && all.some(covers)) return all;
  const same = all.find(({ kind, latentId }) => kind === claimed.kind && latentId === claimed.latentId);
  const microUsd = Math.max(same?.microUsd ?? 0, claimed.microUsd);
  return [...all.filter((line) => line !== same), { ...claimed, microUsd }];
}
