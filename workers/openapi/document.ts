import { imageEditEventSchema, imageEventSchema } from "../../shared/api/images-stream.ts";
import { errorBodySchema, type FailureCode } from "../../shared/errors.ts";
import { failureExamples } from "../../shared/failure-examples.ts";
import { failureToHttp } from "../../shared/failure-to-http.ts";
import type { ServedModels } from "../models/model.ts";
import { type DocumentedRouteId, type Guard, routeTable } from "../routing/route-table.ts";
import { type Answer, named, type Operation, type Parameter } from "./operation.ts";
import { operations } from "./operations.ts";
import { SchemaComponents } from "./schema-components.ts";

export const about = `Text to image with reusable latents, paid per request. OpenAI's Images API, and what it lacks: seeds, latents as
resources, quotes, a balance. Every failure has OpenAI's envelope with all four keys.`;

/** The API as OpenAPI 3.1, with the sizes and ranges of the models that are served. */
export function openApiDocument(models: ServedModels): object {
  const paths: Record<string, Record<string, object>> = {};
  const components = new SchemaComponents();
  for (const events of [imageEventSchema, imageEditEventSchema]) components.schemaOf(events, "output");
  for (const [id, operation] of Object.entries(operations(models))) {
    // Object.entries knows of no literal keys.
    const { method, path, guard } = routeTable[id as DocumentedRouteId];
    const written = path.replaceAll(/:(\w+)/gu, "{$1}");
    const route = { id, path, credential: credentialOf(guard), components };
    paths[written] = { ...paths[written], [method]: operationObject(route, operation) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "wuerstchen-edge", version: "1", description: about, license: { name: "MIT", identifier: "MIT" } },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: components.all(),
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
  /** Where the named schemas of its bodies go. */
  readonly components: SchemaComponents;
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
  const { credential, components } = route;
  return {
    operationId: route.id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: credential === "none" ? [] : [{ [credential]: [] }],
    ...(parameters === undefined
      ? {}
      : { parameters: parameters.map((parameter) => parameterObject(parameter, components)) }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: bodyContent(body, example, components) } }),
    responses: {
      ...mapValues(answers, (answer) => answerObject(answer, components)),
      ...failureObjects(route, operation),
    },
  };
}

function parameterObject({ schema, ...parameter }: Parameter, components: SchemaComponents): object {
  return { ...parameter, schema: components.schemaOf(schema, "input") };
}

function answerObject({ description, content, headers }: Answer, components: SchemaComponents): object {
  return {
    description,
    ...(content === undefined
      ? {}
      : { content: mapValues(content, (schema) => ({ schema: components.schemaOf(schema, "output") })) }),
    ...(headers === undefined
      ? {}
      : { headers: mapValues(headers, (text) => ({ description: text, schema: { type: "string" } })) }),
  };
}

function bodyContent(
  body: NonNullable<Operation["body"]>,
  example: object | undefined,
  components: SchemaComponents,
): object {
  const shortest = example === undefined ? {} : { examples: { shortest: { value: example } } };
  const content = Object.entries(body).map(([type, schema]) => {
    const examples = type === "application/json" ? shortest : {};
    return [type, { schema: components.schemaOf(schema, "input"), ...examples }];
  });
  return Object.fromEntries(content);
}

/** Failures by status, each with the bodies that it may have. */
function failureObjects(
  { credential, path, components }: DescribedRoute,
  { body: requestBody, failures }: Operation,
): Record<string, object> {
  const byStatus = new Map<number, Record<string, object>>();
  const shared = requestBody === undefined ? [] : bodyFailures;
  for (const code of [...credentialFailures[credential], ...failures, ...shared, "internal" as const]) {
    const { status, body } = failureToHttp(failureExamples[code]);
    byStatus.set(status, { ...byStatus.get(status), [code]: { value: body } });
  }
  // Hugging Face's clients look for the text where others look for the envelope.
  const schema = components.schemaOf(path.startsWith("/hf/") ? plainErrorSchema : errorBodySchema, "output");
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

const plainErrorSchema = named("PlainError", {
  json: {
    type: "object",
    properties: {
      error: { type: "string" },
      message: { type: "string" },
      type: { type: "string" },
      param: { type: ["string", "null"] },
      code: { type: "string" },
    },
    required: ["error", "message", "type", "param", "code"],
  },
});

function mapValues<Value, Mapped>(
  record: Readonly<Record<string, Value>>,
  map: (value: Value) => Mapped,
): Record<string, Mapped> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
