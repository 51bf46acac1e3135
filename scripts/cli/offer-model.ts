import { answerOf, type Schemas } from "../../shared/client/calls.ts";
import type { WuerstchenClient } from "../../shared/client/client.ts";
import { priceFactorMax, priceFactorMin } from "../../shared/limits.ts";
import { CommandError } from "../command-line.ts";
import { readEdgeFiles, readKpi } from "../local-models.ts";
import { exitCodes } from "./exit-codes.ts";

/** How a model is offered. */
export interface Offer {
  /** See `readPriceFactor`. */
  readonly priceFactor: number;
  /** Whether it is offered although its report misses a threshold. */
  readonly force: boolean;
  /** Undefined: it is offered in full. */
  readonly rollOut?: Schemas["RollOutRequest"] | undefined;
}

/** `--price-factor`: from 0.01 to 1,000. Throws `CommandError`. */
export function readPriceFactor(text: string): number {
  const factor = Number(text);
  if (factor >= priceFactorMin && factor <= priceFactorMax) return factor;
  throw new CommandError(`--price-factor is from ${priceFactorMin} to ${priceFactorMax}.`, exitCodes.usage);
}

/** Offers the model of a bundle, whose files a backend holds. Throws as `answerOf`, and `CommandError` as `readKpi`. */
export function offerModel(
  { http }: Pick<WuerstchenClient, "http">,
  folder: string,
  { priceFactor, force, rollOut, signal }: Offer & { readonly signal: AbortSignal },
): Promise<Schemas["OfferedModel"]> {
  const files = readEdgeFiles(folder);
  const kpi = readKpi(folder, files.manifest["revision"]);
  const body = {
    ...files,
    price_factor: priceFactor,
    force,
    ...(kpi && { kpi }),
    ...(rollOut && { roll_out: rollOut }),
  };
  return answerOf(http.PUT("/v1/admin/models", { body, signal }));
}

/** "id@revision". */
export function nameOf({ id, revision }: Pick<Schemas["OfferedModel"], "id" | "revision">): string {
  return `${id}@${revision}`;
}
