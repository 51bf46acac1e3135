import type { Handler } from "hono";
import { parseCreateImageRequest } from "../../shared/api/create-image-request.ts";
import type { QuoteResponse } from "../../shared/api/money.ts";
import { planCeilingMicroUsd } from "../generation/charge-request.ts";
import type { GenerationPlan } from "../generation/plan-generation.ts";
import { type Planner, planRequest } from "../generation/plan-request.ts";
import type { AppEnv } from "../middleware/app-env.ts";
import { failureResponse } from "../middleware/errors.ts";
import { decodeLine, hitLine, pictureCeilingMicroUsd, priceBookVersion } from "../prices/price-book.ts";
import { readJson } from "./read-json.ts";

/** `POST /v1/quotes`: what a request of `POST /v1/images/generations` can cost. Looks nothing up and runs nothing. */
export function createQuote(planner: Planner): Handler<AppEnv> {
  return async (c) => {
    const json = await readJson(c);
    if (!json.ok) return failureResponse(c, json.error);
    const request = parseCreateImageRequest(json.value);
    if (!request.ok) return failureResponse(c, request.error);
    const planned = await planRequest(planner, c.get("account"), request.value);
    if (!planned.ok) return failureResponse(c, planned.error);
    return c.json(quoteOf(planned.value.plan), 200, { "cache-control": "no-store" });
  };
}

function quoteOf(plan: GenerationPlan): QuoteResponse {
  const image = hitLine("", plan.work).microUsd;
  return {
    object: "quote",
    currency: "usd",
    price_book: priceBookVersion,
    pictures: plan.pictures.length,
    ceiling_micro_usd: planCeilingMicroUsd(plan),
    picture_micro_usd: {
      generated: pictureCeilingMicroUsd(plan.work),
      latent: image + decodeLine("", plan.work).microUsd,
      image,
    },
  };
}
