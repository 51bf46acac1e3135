import type { Handler } from "hono";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { openApiDocument } from "../openapi/document.ts";
import { llmsText } from "../openapi/llms-text.ts";

/** Both change with a deployment only. */
const headers = { "cache-control": "public, max-age=300" };

/** `GET /openapi.json`: this API as OpenAPI 3.1. Public, and the same for everybody. */
export function getOpenApi(models: ModelRegistry): Handler<AppEnv> {
  let document: object | undefined;
  return (c) => {
    // Built at the first request: most starts of a Worker are for a picture.
    document ??= openApiDocument(models);
    return c.json(document, 200, headers);
  };
}

/** `GET /llms.txt`: this API in a page of Markdown, for language models. Public, and the same for everybody. */
export function getLlmsText(models: ModelRegistry): Handler<AppEnv> {
  let text: string | undefined;
  return (c) => {
    text ??= llmsText(models);
    return c.text(text, 200, headers);
  };
}
