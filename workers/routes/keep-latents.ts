import type { Context, Handler } from "hono";
import type { DeletedLatent, LatentItem } from "../../shared/api/latent-item.ts";
import { latentContentType } from "../../shared/wire/decode.ts";
import { type UploadServices, uploadLatent } from "../generation/upload-latent.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { priceBookVersion } from "../prices/price-book.ts";
import { readCaller } from "./read-caller.ts";

const notStored = { "cache-control": "no-store" };

/** `PUT /v1/latents`: keeps a latent file that the caller brings. Sent again, it is the same latent, and free. */
export function putLatent(services: UploadServices): Handler<AppEnv> {
  return async (c) => {
    if (mediaType(c) !== latentContentType) {
      return failureResponse(c, { code: "unsupported_media_type", expected: latentContentType });
    }
    const caller = readCaller(c);
    if (!caller.ok) return failureResponse(c, caller.error);
    const file = await c.get("body").bytes();
    if (!file.ok) return failureResponse(c, file.error);
    const keeping = uploadLatent(services, caller.value, file.value);
    // A client may leave: what was held for it is settled or released all the same.
    c.executionCtx.waitUntil(keeping.catch(() => {}));
    const kept = await keeping;
    if (!kept.ok) return failureResponse(c, kept.error);
    const { id, manifest, size, isNew, chargedMicroUsd } = kept.value;
    const item: LatentItem = {
      id,
      object: "latent",
      model: manifest.id,
      revision: manifest.revision,
      size,
      cost: { currency: "usd", micro_usd: chargedMicroUsd, price_book: priceBookVersion },
    };
    c.header("x-wuerstchen-cost-micro-usd", String(chargedMicroUsd));
    return c.json(item, isNew ? 201 : 200, notStored);
  };
}

/** `DELETE /v1/latents/{id}`: takes it out of the store. */
export function deleteLatent({ latents, accounts }: Pick<UploadServices, "latents" | "accounts">): Handler<AppEnv> {
  return async (c) => {
    const id = c.req.param("id") ?? "";
    const latent = /^[0-9a-f]{64}$/u.test(id) ? await latents.find(id) : undefined;
    if (latent?.account !== c.get("account")) return failureResponse(c, { code: "not_found", what: "latent" });
    await latents.delete(id);
    await accounts.of(latent.account).forgetLatent(id);
    const deleted: DeletedLatent = { id, object: "latent", deleted: true };
    return c.json(deleted, 200, notStored);
  };
}

function mediaType(c: Context<AppEnv>): string | undefined {
  return c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase();
}
