import { readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { createModelRegistry } from "../workers/models/registry.ts";
import { openApiDocument } from "../workers/openapi/document.ts";
import { bundleFolder } from "./bundle-folder.ts";
import { CommandError, runCommand } from "./command-line.ts";

const root = join(import.meta.dirname, "..");
const file = join(root, "shared/client/api-types.ts");

// The generator prints by the compiler's JavaScript API, which TypeScript has up to version 6.
registerHooks({
  resolve: (specifier, context, next) => next(specifier === "typescript" ? "typescript-5" : specifier, context),
});

/** `npm run client:types`: writes the client's types; with `--check`, fails if they are not those of the document. */
await runCommand(async () => {
  const { default: openApiTypes, astToString } = await import("openapi-typescript");
  const { default: ts } = await import("typescript-5");
  const blob = ts.factory.createTypeReferenceNode("Blob");
  const nodes = await openApiTypes(JSON.stringify(documentOfAnyModel()), {
    alphabetize: true,
    // A request may leave out what has a default.
    defaultNonNullable: false,
    transform: (schema) => ("contentMediaType" in schema && !isText(schema.contentMediaType) ? blob : undefined),
  });
  const text = `// Generated from the API document by \`npm run client:types\`.\n\n${astToString(nodes)}`;
  if (!process.argv.includes("--check")) writeFileSync(file, text);
  else if (readFileSync(file, "utf8") !== text) {
    throw new CommandError("shared/client/api-types.ts is out of date. Run npm run client:types.");
  }
});

function isText(mediaType: unknown): boolean {
  return typeof mediaType === "string" && mediaType.startsWith("text/");
}

/** The document without what depends on the served bundle, and without rules across fields, which no type expresses. */
function documentOfAnyModel(): object {
  const bundle = bundleFolder(root, {}, {});
  const [model, tokenizer] = ["model.json", "tokenizer.json"].map((name): unknown =>
    JSON.parse(readFileSync(join(bundle, name), "utf8")),
  );
  const { default: first } = createModelRegistry({ model, tokenizer });
  const document = JSON.stringify(openApiDocument({ default: first, list: [first], aliases: [] }));
  const anyModel: Readonly<Record<string, object>> = {
    model: { type: "string" },
    size: { type: "string" },
    width: { type: "integer" },
    height: { type: "integer" },
  };
  return JSON.parse(document, (key, value: unknown) => {
    if (key === "allOf") return undefined;
    return typeof value === "object" ? (anyModel[key] ?? value) : value;
  }) as object;
}
