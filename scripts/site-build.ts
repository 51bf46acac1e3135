import { build } from "vite";
import { viteConfig } from "./vite-config.ts";

/** Builds the pages into a folder, without a model's graphs. */
export async function buildPages(root: string, folder: string): Promise<void> {
  await build(viteConfig(root, folder));
}
