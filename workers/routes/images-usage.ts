import type { ImagesUsage } from "../../shared/api/images-response.ts";
import type { Generation } from "../generation/generate-image.ts";
import { sumMicroUsd } from "../prices/price-book.ts";

/** What is to be told of some pictures of a request. */
export interface UsageParts extends Pick<Generation, "tokens" | "settlement"> {
  /** What they were charged in all; absent: the sum of their lines. */
  readonly microUsd?: number;
}

/** What some pictures of a request used. `tokens`: of the texts, as far as they count for these pictures. */
export function imagesUsage(
  pictures: Generation["pictures"],
  { tokens, settlement, microUsd }: UsageParts,
): ImagesUsage {
  const chargeOf = (id: string) => sumMicroUsd(settlement.lines.filter(({ latentId }) => latentId === id));
  const sum = pictures.reduce((total, { latentId }) => total + chargeOf(latentId), 0);
  return {
    input_tokens: tokens,
    output_tokens: 0,
    total_tokens: tokens,
    input_tokens_details: { text_tokens: tokens, image_tokens: 0 },
    cost: { currency: "usd", micro_usd: microUsd ?? sum, price_book: settlement.priceBook },
    pictures: pictures.map(({ tier, seed, latentId, isSimilar, ageSeconds, milliseconds }) => ({
      tier,
      seed,
      latent_id: latentId,
      age_seconds: ageSeconds,
      ...(isSimilar && { similar: true }),
      micro_usd: chargeOf(latentId),
      milliseconds,
    })),
  };
}
