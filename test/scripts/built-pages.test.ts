import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pagesDigest, putPages } from "../../scripts/built-pages.ts";

const checkout = resolve(import.meta.dirname, "../..");
const root = mkdtempSync(join(tmpdir(), "built-pages-"));
const keptFolder = join(root, "dist/pages");
const publicFile = join(root, "workers/site/public/_headers");

/** What the pages are built of, as a checkout has it. */
beforeAll(() => {
  for (const source of ["workers/site", "shared", "scripts", "package-lock.json", "tsconfig.base.json"]) {
    cpSync(join(checkout, source), join(root, source), { recursive: true });
  }
  symlinkSync(join(checkout, "node_modules"), join(root, "node_modules"));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

const put = async (name: string) => {
  await putPages(root, join(root, name));
  return readdirSync(join(root, name), { recursive: true }).map(String).toSorted();
};

test("pages are built once for all states", async () => {
  expect(await put("first")).toContain("index.html");
  const [kept] = readdirSync(keptFolder);
  expect(kept).toBe(pagesDigest(root));
  writeFileSync(join(keptFolder, kept ?? "", "not-built"), "");
  expect(await put("second")).toContain("not-built");
});

test("pages whose source changed are built anew, and the earlier ones are kept no longer", async () => {
  appendFileSync(publicFile, "# changed\n");
  await put("third");
  expect(readFileSync(join(root, "third/_headers"), "utf8")).toContain("# changed");
  expect(readdirSync(keptFolder)).toEqual([pagesDigest(root)]);
});

test("pages that cannot be kept, as in a checkout that is read-only, are built all the same", async () => {
  rmSync(keptFolder, { recursive: true });
  cpSync(publicFile, keptFolder);
  expect(await put("fourth")).toContain("index.html");
});
