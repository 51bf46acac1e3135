/** Header of the backend's answers: the revisions that it can load, and which of them are loaded. */
export const modelsHeader = "x-wuerstchen-models";

/**
 * Some 200 revisions: an adapter alone may have thirty. The rest is left out, which makes the edge ask a backend late
 * or in vain, and no more. Servers and proxies take 8 KB of headers at the least.
 */
const charactersMax = 4_096;

/** The revisions at a backend. */
export interface RevisionsHeld {
  readonly held: readonly string[];
  /** Those that are loaded. */
  readonly warm: readonly string[];
}

/** "a;warm, b": the loaded ones first. Text that could not stand in a header is left out. */
export function formatModels({ held, warm }: RevisionsHeld): string {
  const cold = held.filter((revision) => !warm.includes(revision));
  const entries = [...warm.filter(isPlain).map((revision) => `${revision};warm`), ...cold.filter(isPlain)];
  const text = entries.join(", ");
  return text.length <= charactersMax ? text : text.slice(0, text.lastIndexOf(", ", charactersMax));
}

/** Reads what `formatModels` wrote; undefined when it is absent, since it only ever helps to choose. */
export function parseModels(header: string | null): RevisionsHeld | undefined {
  if (header === null) return undefined;
  const entries = header
    .slice(0, charactersMax)
    .split(",")
    .map((entry) => entry.trim().split(";", 2));
  const named = entries.filter(([revision = ""]) => isPlain(revision));
  const revisionsOf = (list: typeof named) => list.map(([revision = ""]) => revision);
  return { held: revisionsOf(named), warm: revisionsOf(named.filter(([, mark]) => mark === "warm")) };
}

function isPlain(revision: string): boolean {
  return /^[\w.+@:-]{1,128}$/u.test(revision);
}
