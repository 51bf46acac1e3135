import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Each page's file, without `.html`: its title and the script that fills it. All else is `workers/site/page.html`. */
const pages: Readonly<Record<string, { readonly title: string; readonly script: string }>> = {
  index: { title: "Würstchen Edge", script: "playground.tsx" },
  account: { title: "Account · Würstchen Edge", script: "account.tsx" },
  gallery: { title: "Gallery · Würstchen Edge", script: "gallery.tsx" },
  admin: { title: "Operator · Würstchen Edge", script: "admin.tsx" },
  docs: { title: "API · Würstchen Edge", script: "docs.tsx" },
  picture: { title: "A picture in a link · Würstchen Edge", script: "picture.tsx" },
};

/** Vite's inputs: paths in `source`, which {@link sitePages} answers; no such file exists. */
export function pageInputs(source: string): Record<string, string> {
  return Object.fromEntries(Object.keys(pages).map((name) => [name, join(source, `${name}.html`)]));
}

/** Makes every page of the one template. */
export function sitePages(source: string): Plugin {
  const nameOf = new Map(Object.entries(pageInputs(source)).map(([name, path]) => [path, name]));
  return {
    name: "site-pages",
    resolveId: (id) => (nameOf.has(id) ? id : undefined),
    load(id) {
      const page = pages[nameOf.get(id) ?? ""];
      if (page === undefined) return undefined;
      const template = readFileSync(join(source, "page.html"), "utf8");
      return template.replace("%TITLE%", page.title).replace("%SCRIPT%", page.script);
    },
  };
}
