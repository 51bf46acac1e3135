import type { Handler } from "hono";
import type { AppEnv } from "../middleware/app-env.ts";
import type { ServedModels } from "../models/model.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { openApiDocument } from "../openapi/document.ts";
import { llmsText } from "../openapi/llms-text.ts";

/** Both change with a deployment, and with the models. */
const headers = { "cache-control": "public, max-age=300" };

/** `GET /openapi.json`: this API as OpenAPI 3.1. Public, and the same for everybody. */
export function getOpenApi(models: ModelRegistry): Handler<AppEnv> {
  const document = madeOf(models, openApiDocument);
  return async (c) => c.json(await document(), 200, headers);
}

/** `GET /llms.txt`: this API in a page of Markdown, for language models. Public, and the same for everybody. */
export function getLlmsText(models: ModelRegistry): Handler<AppEnv> {
  const text = madeOf(models, llmsText);
  return async (c) => c.text(await text(), 200, headers);
}

/** Made at the first request, since most starts of a Worker are for a picture, and again when the models change. */
function madeOf<Document>(models: ModelRegistry, make: (served: ServedModels) => Document): () => Promise<Document> {
  let made: { readonly revisions: string; readonly document: Document } | undefined;
  return async () => {
    const served = await models.served();
    const revisions = served.list.map(({ manifest }) => manifest.revision).join();
    if (made?.revisions !== revisions) made = { revisions, document: make(served) };
    return made.document;
  };
}
