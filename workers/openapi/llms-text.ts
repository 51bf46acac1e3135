import type { ServedModels } from "../models/model.ts";
import { type DocumentedRouteId, routeTable } from "../routing/route-table.ts";
import { about } from "./document.ts";
import { operations } from "./operations.ts";

/** What a program cannot guess from the list of operations. */
const use = `The base URL ends in /v1. Send an API key as \`Authorization: Bearer KEY\`. Every failure is
\`{"error": {"message", "type", "param", "code"}}\`. \`POST /v1/quotes\` takes the body of a generation and says what it
can cost at most; it runs nothing and is free. An explicit \`seed\` gives the same bytes each time.

    curl $URL/v1/images/generations -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
      -d '{"prompt": "red apple, 3D", "response_format": "url"}'`;

/**
 * The service in Markdown for language models: what it is, how it is called, and each operation in a line
 * (llmstxt.org).
 */
export function llmsText(models: ServedModels): string {
  const sections = new Map<string, string[]>();
  for (const [id, { tag, summary }] of Object.entries(operations(models))) {
    // Object.entries knows of no literal keys.
    const { method, path } = routeTable[id as DocumentedRouteId];
    const line = `- [${method.toUpperCase()} ${path.replaceAll(/:(\w+)/gu, "{$1}")}](/openapi.json): ${summary}`;
    sections.set(tag, [...(sections.get(tag) ?? []), line]);
  }
  const lists = [...sections].map(([tag, lines]) => `## ${tag}\n\n${lines.join("\n")}`);
  const head = ["# wuerstchen-edge", `> ${about.replaceAll("\n", " ")}`, use, modelsText(models)];
  return `${[...head, ...lists, documents].join("\n\n")}\n`;
}

const documents = `## Documents

- [OpenAPI 3.1](/openapi.json): every field, range and answer
- [Reference](/docs): the same as a page
- [Models](/v1/models): sizes, ranges and defaults
- [Playground](/): a page that makes pictures with your key`;

function modelsText(models: ServedModels): string {
  return `Models: ${models.list.map(({ manifest }) => manifest.id).join(", ")}.`;
}
