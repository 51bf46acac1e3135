import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { readSources } from "./support/source-tree.ts";

const root = resolve(import.meta.dirname, "..");
const folders = ["", "docs", "gpu-backend/models/emoji-128", "gpu-backend/training"];
const documents = folders.flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);

/** A document's text without what is shown as code. */
function textOf(path: string): string {
  return readFileSync(path, "utf8").replaceAll(/```.*?```/gsu, "");
}

/** The anchors that its headings have. */
function anchorsOf(path: string): Set<string> {
  const headings = [...textOf(path).matchAll(/^#+ (.*)$/gmu)].map(([, heading = ""]) => heading.toLowerCase());
  return new Set(headings.map((heading) => heading.replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").replaceAll(" ", "-")));
}

/** The links of a document that lead nowhere in this repository. */
function deadLinks(document: string): string[] {
  const path = join(root, document);
  const links = [...textOf(path).matchAll(/\]\(([^)\s]+)\)/gu)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^https?:/u.test(link)) return false;
    const [file = "", anchor] = link.split("#");
    const target = file === "" ? path : join(dirname(path), file);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).has(anchor));
  });
}

test("every link of the documents leads somewhere", () => {
  expect(documents).toContain("README.md");
  expect(documents.flatMap((document) => deadLinks(document).map((link) => `${document}: ${link}`))).toEqual([]);
});

test("every row of their tables ends on its line, or the rest would not be in the table", () => {
  const broken = documents.flatMap((document) => {
    const lines = textOf(join(root, document)).split("\n");
    return lines
      .filter((line) => line.startsWith("|") && !line.trimEnd().endsWith("|"))
      .map((line) => [document, line]);
  });
  expect(broken).toEqual([]);
});

/** Folders to which a path in a document may be relative, beside the document's own. */
const bases = ["", "test", "gpu-backend", "workers/site"];

/** Files and folders that a document names between backquotes and that do not exist. `NAME` stands for any name. */
function missingPaths(document: string, text: string): string[] {
  const named = Array.from(text.matchAll(/`([\w.-]+(?:\/[\w.-]+)+)`/gu), ([, path = ""]) => path);
  const isOurs = (path: string) =>
    /\.(?:ts|tsx|py|sh|toml|json|yml|sql|md)$/u.test(path) || /^(?:workers|shared|scripts|test)\//u.test(path);
  return named.filter((path) => {
    if (!isOurs(path) || path.includes("NAME")) return false;
    return ![dirname(document), ...bases].some((base) => existsSync(join(root, base, path)));
  });
}

/** Words of 0.1 that only this project used so, and turns of phrase that a reader must read twice. */
const unplainWords = /\b(?:des[k]s?|doo[r]s?|dee[d]s?|claiman[t]s?|whoever|of before|for good|comes? about)\b/giu;

const columnsMax = 120;

/** Lines of prose, tables and code left out, that are wider than `.editorconfig` allows. */
function wideLines(text: string): string[] {
  return text.split("\n").filter((line) => [...line].length > columnsMax && !line.startsWith("|"));
}

test("every file that they name exists", () => {
  const missing = documents.flatMap((document) =>
    missingPaths(document, textOf(join(root, document))).map((path) => [document, path]),
  );
  expect(missing).toEqual([]);
});

test("those of the root and of docs/ use no private word, and no line of prose is wider than 120 columns", () => {
  // Bullets of the changelog merge by union, so their lines are wrapped at a release.
  const isPlain = (document: string) => document !== "CHANGELOG.md" && /^(?:docs\/)?[^/]+$/u.test(document);
  const plain = documents.filter(isPlain);
  expect(plain).toContain("docs/storage.md");
  const faults = plain.flatMap((document) => {
    const text = textOf(join(root, document));
    return [...(text.match(unplainWords) ?? []), ...wideLines(text)].map((fault) => [document, fault]);
  });
  expect(faults).toEqual([]);
});

test("a planted fault is found: a missing file, a private word, a wide line", () => {
  expect(missingPaths("docs/a.md", "`shared/result.ts`, `shared/gone.ts`, `e2e/gone.test.ts`, `docs/api.md`")).toEqual([
    "shared/gone.ts",
    "e2e/gone.test.ts",
  ]);
  expect("Whoever asks keeps it for good.".match(unplainWords)).toEqual(["Whoever", "for good"]);
  expect(wideLines(`${"a ".repeat(60)}b\n| ${"a ".repeat(60)} |\n${"a ".repeat(60)}`)).toHaveLength(1);
});

test("no comment of the TypeScript sources is wider than 120 columns", () => {
  // The API's types are generated; biome keeps code, and ruff keeps Python, within the same width.
  const sources = readSources("shared", "workers", "gpu-backend", "scripts", "test");
  expect(sources.size).toBeGreaterThan(500);
  const wide = [...sources]
    .filter(([path]) => path !== "shared/client/api-types.ts")
    .flatMap(([path, text]) => wideLines(text).map((line) => [path, line]))
    .filter(([, line = ""]) => /^\s*(?:\/\/|\/?\*)/u.test(line));
  expect(wide).toEqual([]);
});

test("migrations are numbered one by one, since two of one number have no order that a reader sees", () => {
  const names = readdirSync(join(root, "migrations")).filter((name) => name.endsWith(".sql"));
  const numbers = names.map((name) => Number(name.slice(0, 4))).toSorted((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
