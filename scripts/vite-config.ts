import { join } from "node:path";
import type { InlineConfig } from "vite";
import { pageInputs, sitePages } from "./site-pages.ts";

/**
 * How Vite builds the pages of `workers/site`: a file a page at the root, everything else under `/site/`, so that no
 * static file can stand where a path of the API is.
 */
export function viteConfig(root: string, outDir: string): InlineConfig {
  const source = join(root, "workers/site");
  return {
    root: source,
    configFile: false,
    publicDir: join(source, "public"),
    logLevel: "warn",
    plugins: [sitePages(source)],
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir,
      emptyOutDir: true,
      assetsDir: "site",
      // The pages' policy allows no data: scripts or fonts, and small files are cached by their own names too.
      assetsInlineLimit: 0,
      target: "es2023",
      modulePreload: { polyfill: false },
      // The reference's viewer alone is 1.7 MB; no other page loads it.
      chunkSizeWarningLimit: 2_000,
      rolldownOptions: {
        checks: { bundlerTimings: false },
        input: pageInputs(source),
      },
    },
    worker: {
      format: "es",
      // A name that `public/_headers` knows: the decoder alone may compile WebAssembly.
      rolldownOptions: {
        checks: { bundlerTimings: false },
        output: { entryFileNames: "site/decoder-[hash].js", chunkFileNames: "site/decoder-[hash].js" },
      },
    },
  };
}
