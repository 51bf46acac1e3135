import type { Handler } from "hono";
import type { QuoteResponse } from "../../shared/api/money.ts";
import { parseQuoteRequest } from "../../shared/api/quote-request.ts";
import { ofDefault, withDefaults } from "../../shared/api/request-defaults.ts";
import { ceilingMicroUsdOf, type MeasuredRequest } from "../generation/measure-request.ts";
import { type Pricer, priceRequest } from "../generation/price-request.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { limitModels } from "../models/limited-models.ts";
import { decodeLine, hitLine, pictureCeilingMicroUsd, priceBookVersion, sumMicroUsd } from "../prices/price-book.ts";
import { readJson } from "./read-json.ts";

/** `POST /v1/quotes`: what a generation, an edit or a variation can cost. Looks nothing up and runs nothing. */
export function createQuote(pricer: Pricer): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const quoted = parseQuoteRequest(withDefaults(json.value, c.get("defaults")));
    if (!quoted.ok) return failureResponse(c, quoted.error);
    const { request, startStrength } = quoted.value;
    const priced = await priceRequest({ models: limitModels(pricer.models, c.get("models")) }, request, startStrength);
    if (!priced.ok) return failureResponse(c, ofDefault(priced.error, json.value, c.get("defaults")));
    return c.json(quoteOf(priced.value), 200, { "cache-control": "no-store" });
  };
}

function quoteOf(request: MeasuredRequest): QuoteResponse {
  const { n, work } = request;
  const startLines = [...request.startLines, ...request.imagePromptLines];
  const image = hitLine("", work).microUsd;
  return {
    object: "quote",
    currency: "usd",
    price_book: priceBookVersion,
    pictures: n,
    ceiling_micro_usd: ceilingMicroUsdOf(request),
    ...(startLines.length > 0 && { start_micro_usd: sumMicroUsd(startLines) }),
    picture_micro_usd: {
      generated: pictureCeilingMicroUsd(work),
      latent: image + decodeLine("", work).microUsd,
      image,
    },
  };
}
