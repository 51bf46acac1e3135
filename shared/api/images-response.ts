import type { OutputFormat } from "../output-format.ts";

/** What answered for one picture: the finished image, a stored latent that was decoded, or a full generation. */
export type Tier = "image" | "latent" | "generated";

/** One picture of the answer: exactly one of `b64_json` and `url`, as the request chose. */
export type ImageItem = ({ readonly b64_json: string } | { readonly url: string }) & {
  /** 0…2³²−1: the same request with this seed gives this picture again. */
  readonly seed: number;
  /** The latent's key: 64 hexadecimal characters. */
  readonly latent_id: string;
  readonly tier: Tier;
};

/** What was done for one picture, and how long each part took. */
export interface PictureUsage {
  readonly tier: Tier;
  readonly seed: number;
  readonly latent_id: string;
  /** What it was charged, in micro-USD. */
  readonly micro_usd: number;
  /** Part → milliseconds; only the parts that ran. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

/** OpenAI's usage counts, and per picture what OpenAI does not tell. */
export interface ImagesUsage {
  /** Tokens of prompt and negative prompt, special tokens included. */
  readonly input_tokens: number;
  /** Always 0: pictures are not counted in tokens here. */
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_tokens_details: { readonly text_tokens: number; readonly image_tokens: number };
  /** What the request was charged, in micro-USD, and by which version of the prices. */
  readonly cost: { readonly currency: "usd"; readonly micro_usd: number; readonly price_book: number };
  readonly pictures: readonly PictureUsage[];
}

/** The body of a successful `POST /v1/images/generations`. */
export interface ImagesResponse {
  /** Unix seconds. */
  readonly created: number;
  readonly data: readonly ImageItem[];
  readonly output_format: OutputFormat;
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  readonly usage: ImagesUsage;
  readonly warnings: readonly string[];
}
