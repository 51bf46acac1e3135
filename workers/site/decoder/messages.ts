import type { Pixels } from "../../../shared/decoding/pixels.ts";
import type { LatentShape } from "../../../shared/latents/latent-key.ts";
import type { DecoderErrorCode } from "./decoder-error.ts";

/** What the page asks of the decoder. A file is a latent's safetensors file, which need not be ours. */
export type DecoderTask =
  | { readonly kind: "read"; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly kind: "preview"; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly kind: "decode"; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly kind: "pack"; readonly latent: LatentView }
  | {
      readonly kind: "mix";
      readonly files: readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>];
      readonly t: number;
    };

/** What the decoder says of a latent. */
export interface LatentView {
  /** (channels, height, width) */
  readonly shape: LatentShape;
  readonly values: Float32Array;
  readonly seed: number;
  readonly revision: string;
}

/** What the decoder tells while it works. */
export type DecoderNews =
  | { readonly kind: "loading"; readonly loadedBytes: number; readonly totalBytes: number }
  | { readonly kind: "preview"; readonly pixels: Pixels }
  | { readonly kind: "step"; readonly step: number; readonly steps: number };

/** How a task ends: "view" for `read`, "file" for `mix` and `pack`, "pixels" for the others. */
export type DecoderEnd =
  | { readonly kind: "view"; readonly view: LatentView }
  | { readonly kind: "file"; readonly file: Uint8Array<ArrayBuffer> }
  | { readonly kind: "pixels"; readonly pixels: Pixels; readonly milliseconds: number }
  | { readonly kind: "refused"; readonly code: DecoderErrorCode };

/** From the page: a task under a number of its own. */
export interface TaskMessage {
  readonly id: number;
  readonly task: DecoderTask;
}

/** From the decoder, about the task of that number. */
export type AnswerMessage =
  | { readonly id: number; readonly news: DecoderNews }
  | { readonly id: number; readonly end: DecoderEnd };
