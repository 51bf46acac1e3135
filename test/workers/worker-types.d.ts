declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import("../../workers/index.ts");
  }
}

/** A file's text, by Vite. */
declare module "*.jsonl?raw" {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: the form in which Vite gives a file's text.
  export default text;
}
