/** What an account has, in micro-USD: a millionth of a dollar. The body of `GET /v1/balance`. */
export interface BalanceResponse {
  readonly object: "balance";
  readonly currency: "usd";
  /** What new requests may still cost. */
  readonly available_micro_usd: number;
  /** Held for requests under way. */
  readonly held_micro_usd: number;
  /** Charged so far. */
  readonly spent_micro_usd: number;
}

/** What a request can cost. The body of `POST /v1/quotes`. */
export interface QuoteResponse {
  readonly object: "quote";
  readonly currency: "usd";
  /** The version of the prices. */
  readonly price_book: number;
  readonly pictures: number;
  /** The most that the request can cost; exactly this is held while it runs. */
  readonly ceiling_micro_usd: number;
  /** What one picture costs by the tier that serves it. */
  readonly picture_micro_usd: { readonly generated: number; readonly latent: number; readonly image: number };
}
