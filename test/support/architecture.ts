import { posix } from "node:path";
import { parseSync } from "oxc-parser";

/** Path from the repository's root, with slashes → source text. */
export type SourceTree = ReadonlyMap<string, string>;

/** Folder → the folders that its files may import beside their own. */
export type ImportTable = Readonly<Record<string, readonly string[]>>;

/** npm package → the paths (files, or folders with a final slash) that may import it. */
export type DoorTable = Readonly<Record<string, readonly string[]>>;

/** Every specifier that a file names: imports, re-exports, `import()` expressions and `import("…")` types. */
export function importsOf(path: string, source: string): string[] {
  const { module } = parseSync(path, source);
  const fixed = module.staticImports.map((entry) => entry.moduleRequest.value);
  const passedOn = module.staticExports.flatMap((entry) =>
    entry.entries.flatMap((item) => (item.moduleRequest === null ? [] : [item.moduleRequest.value])),
  );
  const inline = Array.from(source.matchAll(/\bimport\(\s*["']([^"']+)["']/gu), ([, specifier = ""]) => specifier);
  return [...new Set([...fixed, ...passedOn, ...inline])];
}

/** Imports that the table does not allow, and files in folders that the table does not know. */
export function forbiddenImports(tree: SourceTree, table: ImportTable): string[] {
  return [...tree].flatMap(([path, source]) => {
    const folder = folderOf(path, table);
    if (folder === undefined) return [`${path}: its folder is not in the import table`];
    const allowed = [folder, ...(table[folder] ?? [])];
    return localImports(path, source)
      .filter((target) => !allowed.includes(folderOf(target, table) ?? ""))
      .map((target) => `${path} imports ${target}`);
  });
}

/** Imports of a package from anywhere but its one place. */
export function forbiddenPackages(tree: SourceTree, doors: DoorTable): string[] {
  return [...tree].flatMap(([path, source]) =>
    importsOf(path, source)
      .filter((specifier) => {
        const paths = Object.entries(doors).find(
          ([name]) => specifier === name || specifier.startsWith(`${name}/`),
        )?.[1];
        return (
          paths !== undefined && !paths.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place))
        );
      })
      .map((specifier) => `${path} imports ${specifier}`),
  );
}

/** The first cycle of imports, types included, as the paths along it; empty when there is none. */
export function importCycle(tree: SourceTree): string[] {
  const finished = new Set<string>();
  const trail: string[] = [];

  function visit(path: string): string[] {
    if (finished.has(path)) return [];
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    trail.push(path);
    for (const target of localImports(path, tree.get(path) ?? "")) {
      const cycle = visit(target);
      if (cycle.length > 0) return cycle;
    }
    trail.pop();
    finished.add(path);
    return [];
  }

  for (const path of tree.keys()) {
    const cycle = visit(path);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

/** Files with more lines than the limit. */
export function longFiles(tree: SourceTree, linesMax: number): string[] {
  return [...tree]
    .map(([path, source]) => ({ path, lines: source.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > linesMax)
    .map(({ path, lines }) => `${path}: ${lines} lines`);
}

/**
 * Words that match, in files of the tree, without being a term of the glossary: a table whose first column names terms.
 */
export function unexplainedWords(tree: SourceTree, words: RegExp, glossary: string): string[] {
  const terms = new Set(Array.from(glossary.matchAll(/^\| `?([^|`]+?)`? \|/gmu), ([, term]) => term));
  return [...tree].flatMap(([path, source]) =>
    Array.from(source.matchAll(words), ([word]) => word)
      .filter((word) => !terms.has(word))
      .map((word) => `${path}: ${word}`),
  );
}

function localImports(path: string, source: string): string[] {
  return importsOf(path, source)
    .filter((specifier) => specifier.startsWith(".") && specifier.endsWith(".ts"))
    .map((specifier) => posix.join(posix.dirname(path), specifier));
}

function folderOf(path: string, table: ImportTable): string | undefined {
  const parent = posix.dirname(path);
  const known = Object.keys(table).filter((folder) => parent === folder || parent.startsWith(`${folder}/`));
  const deepest = known.toSorted((a, b) => b.length - a.length)[0];
  // A root such as `workers` speaks for its own files only, never for a subfolder that nobody entered in the table.
  return deepest?.includes("/") || parent === deepest ? deepest : undefined;
}
