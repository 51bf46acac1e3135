import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import { parseEditRequest, parseVariationRequest } from "../../shared/api/start-image-request.ts";

// The fields of OpenAI's own types, so that a new version of their package with a field or a value that we do not know
// fails here. Files are read apart from fields.

const folder = join(createRequire(import.meta.url).resolve("openai"), "..");
const { program } = parseSync("images.d.ts", readFileSync(join(folder, "resources/images.d.ts"), "utf8"));

interface Field {
  readonly name: string;
  readonly values: readonly unknown[];
}

/** A part of the syntax tree, of which only what is named here is read. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string };

function fieldsOf(interfaceName: string): Field[] {
  for (const statement of program.body) {
    const declaration = statement.type === "ExportNamedDeclaration" ? statement.declaration : null;
    if (declaration?.type !== "TSInterfaceDeclaration" || declaration.id.name !== interfaceName) continue;
    return declaration.body.body.flatMap((member) => {
      if (member.type !== "TSPropertySignature" || member.key.type !== "Identifier") return [];
      const type = member.typeAnnotation?.typeAnnotation;
      // The tree's own types have hundreds of members; `valuesOf` reads the few that occur.
      return [{ name: member.key.name, values: type === undefined ? [] : valuesOf(type as unknown as Node) }];
    });
  }
  throw new TypeError(`openai has no ${interfaceName} any more.`);
}

/** Values that a type allows: all of its literals, or one example. */
function valuesOf(type: Node): unknown[] {
  switch (type.type) {
    case "TSUnionType":
      return (type["types"] as readonly Node[]).flatMap(valuesOf);
    case "TSLiteralType":
      return [(type["literal"] as { readonly value: unknown }).value];
    case "TSNumberKeyword":
      return [1];
    case "TSBooleanKeyword":
      return [true, false];
    case "TSStringKeyword":
      return ["text"];
    case "TSNullKeyword":
      return [null];
    case "TSIntersectionType":
      // `string & {}`: any text.
      return ["text"];
    case "TSParenthesizedType":
      return valuesOf(type["typeAnnotation"] as Node);
    case "TSTypeReference":
      return isAlias(type) ? [] : [{}];
    default:
      return [];
  }
}

/** The names of models, of which any text is one. */
function isAlias(type: Node): boolean {
  return (type["typeName"] as { readonly name?: string }).name === "ImageModel";
}

const files = ["image", "mask", "markup"];

/** What is refused by its name, because the picture would not be what was asked for. */
const refusedOfAll = [
  "frame_count 1",
  "frame_duration_ms 1",
  "output_format gif",
  "output_format svg",
  "svg [object Object]",
];

const requests = [
  { type: "ImageGenerateParamsBase", parse: parseCreateImageRequest, refusedValues: [...refusedOfAll, "size text"] },
  {
    type: "ImageEditParamsBase",
    parse: (fields: unknown) => parseEditRequest(fields, false),
    refusedValues: [...refusedOfAll, "size text"],
  },
  {
    type: "ImageCreateVariationParams",
    parse: (fields: unknown) => parseVariationRequest(fields, false),
    refusedValues: [],
  },
];

test.each(requests)("every field and value of openai's $type is accepted, or refused by its name", (request) => {
  const refused = new Set<string>();
  const fields = fieldsOf(request.type).filter(({ name }) => !files.includes(name));
  expect(fields.length).toBeGreaterThan(4);
  for (const { name, values } of fields) {
    expect(values, name).not.toEqual([]);
    for (const value of values) {
      const compression = name === "output_compression" ? { output_format: "webp" } : {};
      const result = request.parse({ prompt: "red apple", ...compression, [name]: value });
      if (result.ok) continue;
      expect(result.error).toMatchObject({ code: "invalid_request", param: name });
      expect(JSON.stringify(result.error)).not.toContain("Unknown field");
      refused.add(`${name} ${value}`);
    }
  }
  expect([...refused].sort()).toEqual([...request.refusedValues].sort());
});
