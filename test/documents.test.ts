import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

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
