import type { ApiRequest } from "./client.ts";

/** The languages that a request is shown in. */
export const codeLanguages = ["curl", "TypeScript", "Python"] as const;

/** One of them. */
export type CodeLanguage = (typeof codeLanguages)[number];

/** A request as code that a person can paste: what was sent, with the key taken from the variable KEY. */
export function asCode(language: CodeLanguage, request: ApiRequest, origin: string): string {
  return writers[language](request, origin);
}

const writers: Readonly<Record<CodeLanguage, (request: ApiRequest, origin: string) => string>> = {
  curl: ({ method, path, body }, origin) =>
    [
      `curl -X ${method} ${origin}${path}`,
      '-H "Authorization: Bearer $KEY"',
      ...(body === undefined ? [] : ['-H "Content-Type: application/json"', `-d ${shellText(JSON.stringify(body))}`]),
    ].join(" \\\n  "),

  TypeScript: ({ method, path, body }, origin) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.KEY });
const answer = await client.${method.toLowerCase()}("${relative(path)}", {
  body: ${indent(JSON.stringify(body ?? {}, null, 2))},
});
`,

  Python: ({ method, path, body }, origin) => `import os
from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["KEY"])
answer = client.${method.toLowerCase()}(
    "${relative(path)}",
    body=${indent(pythonText(body ?? {}), 4)},
    cast_to=object,
)
`,
};

/** The clients put the base URL, which ends in /v1, before it. */
function relative(path: string): string {
  return path.replace(/^\/v1/u, "");
}

/** In single quotes, whatever it holds. */
function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function indent(text: string, spaces = 2): string {
  return text.replaceAll("\n", `\n${" ".repeat(spaces)}`);
}

/** JSON's values as Python writes them. The bodies of requests are flat. */
function pythonText(body: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(body).map(([name, value]) => `    ${JSON.stringify(name)}: ${pythonValue(value)},`);
  return `{\n${lines.join("\n")}\n}`;
}

function pythonValue(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return value === null ? "None" : JSON.stringify(value);
}
