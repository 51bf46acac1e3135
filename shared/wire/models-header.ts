/** Header of the backend's answers: the revisions that it can load, and which of them are loaded. */
export const modelsHeader = "x-wuerstchen-models";

/** More than a backend ever lists; the rest is left out, which only makes the edge ask in vain. */
const revisionsMax = 64;

/** The revisions at a backend. */
export interface RevisionsHeld {
  readonly held: readonly string[];
  /** Those that are loaded. */
  readonly warm: readonly string[];
}

/** "a;warm, b": the loaded ones first. Text that could not stand in a header is left out. */
export function formatModels({ held, warm }: RevisionsHeld): string {
  const cold = held.filter((revision) => !warm.includes(revision));
  const entries = [...warm.map((revision) => [revision, ";warm"]), ...cold.map((revision) => [revision, ""])];
  return entries
    .filter(([revision = ""]) => isPlain(revision))
    .slice(0, revisionsMax)
    .map((entry) => entry.join(""))
    .join(", ");
}

/** Reads what `formatModels` wrote; undefined when it is absent, since it only ever helps to choose. */
export function parseModels(header: string | null): RevisionsHeld | undefined {
  if (header === null) return undefined;
  const entries = header.split(",", revisionsMax).map((entry) => entry.trim().split(";", 2));
  const named = entries.filter(([revision = ""]) => isPlain(revision));
  const revisionsOf = (list: typeof named) => list.map(([revision = ""]) => revision);
  return { held: revisionsOf(named), warm: revisionsOf(named.filter(([, mark]) => mark === "warm")) };
}

function isPlain(revision: string): boolean {
  return /^[\w.+@:-]{1,128}$/u.test(revision);
}
