import { beforeAll, describe, expect, test } from "vitest";
import { createApp } from "../../../workers/app.ts";
import { TestEdge } from "../support/test-edge.ts";
import { manifest } from "../support/tiny-bundle.ts";

const edge = new TestEdge();

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface DocumentOperation {
  readonly requestBody?: { readonly content: Readonly<Record<string, DocumentContent>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, DocumentContent>> }>>;
}

interface DocumentContent {
  readonly schema: { readonly $ref?: string };
  readonly examples?: Examples;
}

type Examples = Readonly<Record<string, { readonly value: object }>>;

let document: Document;

beforeAll(async () => {
  document = await (await edge.fetch("/openapi.json")).json();
});

/** "GET /v1/models/{id}" of every handler but the ones that refuse other methods. */
function routes(): string[] {
  const { routes: all } = createApp(edge.services);
  const handlers = all.filter(({ method, path }) => method !== "ALL" && path.startsWith("/"));
  return [...new Set(handlers.map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/gu, "{$1}")}`))];
}

const componentReference = /^#\/components\/schemas\/(?=[A-Z][A-Za-z]+$)/u;

const undocumented = ["GET /openapi.json", "GET /llms.txt", "GET /v1"];

describe("the OpenAPI document", () => {
  test("tells every route of the service, and no other", () => {
    const told = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(told.sort()).toEqual(
      routes()
        .filter((route) => !undocumented.includes(route))
        .sort(),
    );
  });

  test("names the sizes and ranges of the models that are served", () => {
    const text = JSON.stringify(document.components.schemas["CreateImageRequest"]);
    expect(text).toContain('"enum":["auto","64x64"');
    expect(text).toContain(`"enum":["tiny","tiny@${manifest.revision}"]`);
  });

  test("names every body in JSON, so that generated clients have readable types", () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    const bodies = operations.flatMap(({ requestBody, responses }) => [
      ...(requestBody === undefined ? [] : [requestBody]),
      ...Object.values(responses),
    ]);
    const json = bodies.flatMap(({ content }) => content?.["application/json"] ?? []);
    expect(json.length).toBeGreaterThan(100);
    for (const { schema } of json) expect(schema).toEqual({ $ref: expect.stringMatching(componentReference) });
  });

  test("defines each schema that it refers to, and refers to no schema that it does not define", () => {
    const { schemas } = document.components;
    for (const name of ["Image", "ImagesResponse", "ImageEvent", "Job", "Latent", "Quote", "Usage", "Error"]) {
      expect(schemas).toHaveProperty(name);
    }
    const references = JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/gu);
    const referred = new Set(Array.from(references, ([, reference]) => reference?.replace(componentReference, "")));
    // Events stand in no body: a description names them.
    for (const events of ["ImageEvent", "ImageEditEvent"]) referred.add(events);
    expect([...referred].sort()).toEqual(Object.keys(schemas).sort());
  });

  test("shows a body that is answered as it stands", async () => {
    const { requestBody } = document.paths["/v1/images/generations"]?.["post"] ?? {};
    const body = requestBody?.content["application/json"]?.examples?.["shortest"]?.value;
    expect(body).toMatchObject({ model: "tiny", prompt: "red apple, 3D" });
    expect((await edge.post(await edge.createKey(), body)).status).toBe(200);
  });

  test("shows each failure with the status and the body that answers have", async () => {
    const responses = document.paths["/v1/balance"]?.["get"]?.responses;
    const refused = await edge.fetch("/v1/balance");
    expect(responses).toMatchObject({
      [refused.status]: {
        content: { "application/json": { examples: { missing_api_key: { value: await refused.json() } } } },
      },
    });
  });
});

test("llms.txt is plain Markdown that names every operation of the document and the models", async () => {
  const response = await edge.fetch("/llms.txt");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/plain");
  const text = await response.text();
  expect(text.startsWith("# wuerstchen-edge\n\n> ")).toBe(true);
  expect(text).toContain("Models: tiny.");
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) expect(text).toContain(`- [${method.toUpperCase()} ${path}](`);
  }
});
