import { z } from "zod";
import { errorBodySchema, type FailureCode } from "../../shared/errors.ts";
import { failureExamples } from "../../shared/failure-examples.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { type DocumentedRouteId, type Guard, routeTable } from "../routing/route-table.ts";
import type { Answer, BodySchema, Operation, Parameter } from "./operation.ts";
import { operations } from "./operations.ts";

export const about = `Text to image with reusable latents, paid per request. OpenAI's Images API, and what it lacks: seeds, latents as
resources, quotes, a balance. Every failure has OpenAI's envelope with all four keys.`;

/** The API as OpenAPI 3.1, with the sizes and ranges of the models that are served. */
export function openApiDocument(models: ModelRegistry): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [id, operation] of Object.entries(operations(models))) {
    // Object.entries knows of no literal keys.
    const { method, path, guard } = routeTable[id as DocumentedRouteId];
    const written = path.replaceAll(/:(\w+)/gu, "{$1}");
    const route = { id, path, credential: credentialOf(guard) };
    paths[written] = { ...paths[written], [method]: operationObject(route, operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "wuerstchen-edge", version: "1", description: about, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { Error: toJsonSchema(errorBodySchema) },
      securitySchemes: {
        "api-key": { type: "http", scheme: "bearer", description: "An API key." },
        admin: { type: "http", scheme: "bearer", description: "The operator's own credential." },
      },
    },
  };
}

/** What opens a route, as the document names it. */
type Credential = "api-key" | "admin" | "none";

interface DescribedRoute {
  readonly id: string;
  readonly path: string;
  readonly credential: Credential;
}

/** The credential that a guard requires. A payment by x402 replaces a key, so the key is the documented one. */
export function credentialOf({ by }: Guard): Credential {
  switch (by) {
    case "key":
    case "key-or-payment":
      return "api-key";
    case "operator":
      return "admin";
    case "address":
    case "link":
    case "stripe":
      return "none";
  }
}

function operationObject(route: DescribedRoute, operation: Operation): object {
  const { tag, summary, description, parameters, body, example, answers } = operation;
  const { credential } = route;
  return {
    operationId: route.id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: credential === "none" ? [] : [{ [credential]: [] }],
    ...(parameters === undefined ? {} : { parameters: parameters.map(parameterObject) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: bodyContent(body, example) } }),
    responses: { ...mapValues(answers, answerObject), ...failureObjects(route, operation) },
  };
}

function parameterObject({ schema, ...parameter }: Parameter): object {
  return { ...parameter, schema: toJsonSchema(schema, "input") };
}

function answerObject({ description, content, headers }: Answer): object {
  return {
    description,
    ...(content === undefined ? {} : { content: contentObject(content, "output") }),
    ...(headers === undefined
      ? {}
      : { headers: mapValues(headers, (text) => ({ description: text, schema: { type: "string" } })) }),
  };
}

function contentObject(content: Readonly<Record<string, BodySchema>>, io: "input" | "output"): object {
  return mapValues(content, (schema) => ({ schema: toJsonSchema(schema, io) }));
}

function bodyContent(body: NonNullable<Operation["body"]>, example: object | undefined): object {
  const { "application/json": json, ...others } = body;
  const examples = example === undefined ? {} : { examples: { shortest: { value: example } } };
  const jsonContent =
    json === undefined ? {} : { "application/json": { schema: toJsonSchema(json, "input"), ...examples } };
  return { ...jsonContent, ...contentObject(others, "input") };
}

/** Failures by status, each with the bodies that it may have. */
function failureObjects(
  { credential, path }: DescribedRoute,
  { body: requestBody, failures }: Operation,
): Record<string, object> {
  const byStatus = new Map<number, Record<string, object>>();
  const shared = requestBody === undefined ? [] : bodyFailures;
  for (const code of [...credentialFailures[credential], ...failures, ...shared, "internal" as const]) {
    const { status, body } = failureToHttp(failureExamples[code]);
    byStatus.set(status, { ...byStatus.get(status), [code]: { value: body } });
  }
  // Hugging Face's clients look for the text where others look for the envelope.
  const schema = path.startsWith("/hf/") ? plainErrorSchema : { $ref: "#/components/schemas/Error" };
  const shown = path.startsWith("/hf/") ? {} : undefined;
  return Object.fromEntries(
    [...byStatus].map(([status, examples]) => [
      status,
      {
        description: Object.keys(examples).join(", "),
        content: { "application/json": { schema, ...(shown ?? { examples }) } },
      },
    ]),
  );
}

/** What reading a body can fail with, whatever it holds. */
const bodyFailures: readonly FailureCode[] = ["request_timeout", "server_busy"];

/** What showing a credential can fail with. */
const credentialFailures: Readonly<Record<Credential, readonly FailureCode[]>> = {
  none: ["rate_limit_exceeded"],
  admin: ["missing_api_key", "invalid_api_key", "rate_limit_exceeded"],
  "api-key": ["missing_api_key", "invalid_api_key", "insufficient_scope", "account_suspended", "rate_limit_exceeded"],
};

const plainErrorSchema = {
  type: "object",
  properties: {
    error: { type: "string" },
    message: { type: "string" },
    type: { type: "string" },
    param: { type: ["string", "null"] },
    code: { type: "string" },
  },
  required: ["error", "message", "type", "param", "code"],
};

function toJsonSchema(schema: BodySchema, io: "input" | "output" = "output"): object {
  if (!(schema instanceof z.ZodType)) return schema.json;
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any", override: withoutReadOnly });
  return rest;
}

/** What cannot be changed in our code is not what OpenAPI calls read-only. */
function withoutReadOnly({ jsonSchema }: { readonly jsonSchema: { readOnly?: boolean } }): void {
  delete jsonSchema.readOnly;
}

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
