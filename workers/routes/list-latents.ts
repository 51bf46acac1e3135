import type { Handler } from "hono";
import type { LatentList, ListedLatent } from "../../shared/api/latent-list.ts";
import { parseImageSize } from "../../shared/models/image-size.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Accounts } from "../account/client.ts";
import type { LatentEntry, LatentForm } from "../account/reuse/latent-list.ts";
import { ageOf } from "../generation/obtain-latent.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import type { PricedManifest } from "../models/model.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { decodeLine, hitLine, priceBookVersion, sumMicroUsd } from "../prices/price-book.ts";
import { readPage } from "./read-page.ts";

/** What the route needs. */
export interface LatentListServices {
  readonly accounts: Accounts;
  readonly models: ModelRegistry;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
}

/** `GET /v1/latents?cursor&limit`: the latents that the account keeps, newest first. */
export function listLatents({ accounts, models, nowMs }: LatentListServices): Handler<AppEnv> {
  return async (c) => {
    const page = readPage(c.req);
    if (!page.ok) return failureResponse(c, page.error);
    const { cursor = Number.MAX_SAFE_INTEGER, limit } = page.value;
    const found = await accounts.of(c.get("account")).latentList(cursor, limit + 1);
    const shown = found.slice(0, limit);
    const hasMore = found.length > limit;
    const manifests = await models.revisions();
    const list: LatentList = {
      object: "list",
      data: shown.map((latent) => listedLatent(latent, manifests, nowMs())),
      has_more: hasMore,
      next_cursor: hasMore ? String(shown.at(-1)?.place) : null,
    };
    return c.json(list, 200, { "cache-control": "no-store" });
  };
}

/** A latent as lists show it. */
export function listedLatent(
  { id, source, form, seed, hits, madeMs }: LatentEntry,
  manifests: ReadonlyMap<string, PricedManifest>,
  nowMs: number,
): ListedLatent {
  return {
    id,
    object: "latent",
    source: source ?? null,
    model: form?.model ?? null,
    revision: form?.revision ?? null,
    size: form?.size ?? null,
    seed: seed ?? null,
    created: Math.floor(madeMs / 1_000),
    age_seconds: ageOf(madeMs, nowMs),
    hits,
    price: form === undefined ? null : priceOf(id, form, manifests.get(form.revision)),
  };
}

/** What `POST /v1/latents/{id}/decode` reserves; null for a latent that it refuses. */
function priceOf(id: string, { size }: LatentForm, manifest: PricedManifest | undefined): ListedLatent["price"] {
  const shape = manifest && latentShapeFor(manifest, size);
  const sides = parseImageSize(size);
  if (manifest === undefined || shape?.ok !== true || sides === undefined) return null;
  const steps = manifest.sampler.stageC.steps.default;
  const work = {
    steps,
    latentShape: shape.value,
    pixels: sides.width * sides.height,
    priceFactor: manifest.priceFactor,
  };
  const microUsd = sumMicroUsd([hitLine(id, work), decodeLine(id, work)]);
  return { currency: "usd", micro_usd: microUsd, price_book: priceBookVersion };
}
