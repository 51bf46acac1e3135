import type { OutputFormat } from "./output-format.ts";

/** How a latent is to become a file. */
export interface DecodeOptions {
  readonly format: OutputFormat;
  /** 0…100, for formats that lose something; undefined: the encoder's default. */
  readonly quality?: number | undefined;
  /**
   * The colour behind what is transparent, "rrggbb" in lower case. Undefined: the file keeps alpha, or has white behind
   * it if its format has none.
   */
  readonly background?: string | undefined;
}

/** What distinguishes the files that one latent becomes in one format: a query of one spelling. */
export function variantQuery({ quality, background }: DecodeOptions): string {
  return `quality=${quality ?? "default"}${background === undefined ? "" : `&background=${background}`}`;
}
