// `#bundle/*` is the folder of the model bundle: package.json's "imports" says which, and tests and scripts point it
// elsewhere. Declared here so that the code compiles the same whichever bundle is there, and whether one is.

declare module "#bundle/model.json" {
  const json: unknown;
  // biome-ignore lint/style/noDefaultExport: the form in which every bundler gives a JSON file.
  export default json;
}

declare module "#bundle/tokenizer.json" {
  const json: unknown;
  // biome-ignore lint/style/noDefaultExport: the form in which every bundler gives a JSON file.
  export default json;
}
