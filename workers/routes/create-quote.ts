import type { Handler } from "hono";
import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { QuoteResponse } from "../../shared/api/money.ts";
import { withDefaults } from "../../shared/api/request-defaults.ts";
import { ceilingMicroUsdOf, type MeasuredRequest, type Pricer, priceRequest } from "../generation/price-request.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { decodeLine, hitLine, pictureCeilingMicroUsd, priceBookVersion } from "../prices/price-book.ts";
import { readJson } from "./read-json.ts";

/** `POST /v1/quotes`: what a request of `POST /v1/images/generations` can cost. Looks nothing up and runs nothing. */
export function createQuote(pricer: Pricer): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const request = parseCreateImageRequest(withDefaults(json.value, c.get("defaults")));
    if (!request.ok) return failureResponse(c, request.error);
    const priced = priceRequest(pricer, request.value);
    if (!priced.ok) return failureResponse(c, priced.error);
    return c.json(quoteOf(priced.value), 200, { "cache-control": "no-store" });
  };
}

function quoteOf(request: MeasuredRequest): QuoteResponse {
  const { n, work } = request;
  const image = hitLine("", work).microUsd;
  return {
    object: "quote",
    currency: "usd",
    price_book: priceBookVersion,
    pictures: n,
    ceiling_micro_usd: ceilingMicroUsdOf(request),
    picture_micro_usd: {
      generated: pictureCeilingMicroUsd(work),
      latent: image + decodeLine("", work).microUsd,
      image,
    },
  };
}
