import type { Handler } from "hono";
import { latentContentType } from "../../shared/wire/decode.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";

/** A latent's id decides its bytes; `private`, because a shared cache would show it to other accounts. */
const cacheControl = "private, max-age=31536000, immutable";

/** `GET /v1/latents/{id}`: the float16 safetensors file, for the account that it was made for. */
export function getLatent(latents: LatentCache): Handler<AppEnv> {
  return async (c) => {
    const id = c.req.param("id") ?? "";
    const latent = /^[0-9a-f]{64}$/u.test(id) ? await latents.find(id) : undefined;
    // Another account's latent is answered as missing, so that requests of others stay unknown.
    if (latent?.account !== c.get("account")) return failureResponse(c, { code: "not_found", what: "latent" });
    c.header("content-type", latentContentType);
    c.header("content-length", String(latent.bytes.length));
    c.header("content-disposition", `attachment; filename="${id}.safetensors"`);
    c.header("cache-control", cacheControl);
    return c.body(latent.bytes);
  };
}
