import { z } from "zod";
import type { DecodeOptions } from "../decode-options.ts";
import { type Failure, invalidRequest } from "../errors.ts";
import type { Manifest } from "../models/manifest.ts";
import { alphaFormats, lossyFormats, type OutputFormat, outputFormats } from "../output-format.ts";
import { outputFormatSchema } from "../output-format-schema.ts";

/** The fields of a body that say how a picture becomes a file. */
export const outputFileFields = {
  output_format: outputFormatSchema.default("png"),
  output_compression: z.int().min(0).max(100).optional(),
  background: z
    .string()
    .regex(/^(?:auto|opaque|transparent|#[0-9A-Fa-f]{6})$/u, "must be auto, opaque, transparent or a colour: #rrggbb")
    .optional()
    .describe("Of models that draw transparency. auto: transparent where the format can be; opaque: on white."),
};

interface OutputFields {
  readonly output_format: OutputFormat;
  readonly output_compression?: number | undefined;
  readonly background?: string | undefined;
}

/** How a picture's file is wanted, of whatever model. */
export interface WantedFile {
  readonly format: OutputFormat;
  /** 0…100; undefined: the encoder's default, or a format without one. */
  readonly quality: number | undefined;
  /** "auto", "opaque", "transparent" or "#rrggbb". */
  readonly background: string;
}

/** What a picture has behind its subject. */
export const shownBackgroundSchema = z.enum(["opaque", "transparent"]);

/** One of them. */
export type ShownBackground = z.infer<typeof shownBackgroundSchema>;

/** What is wrong with asking for less than all of a format that has no quality. */
export function compressionFault({
  output_format: format,
  output_compression: quality,
}: OutputFields): Failure | undefined {
  if (outputFormats[format].isLossy || (quality ?? 100) === 100) return undefined;
  const lossy = lossyFormats.join(" or ");
  const message = `'output_compression' below 100 needs 'output_format' ${lossy}; ${format} is always lossless.`;
  return invalidRequest("output_compression", message);
}

/** What is wrong with asking for transparency of a format that has none. */
export function backgroundFault({ output_format: format, background }: OutputFields): Failure | undefined {
  if (background !== "transparent" || outputFormats[format].hasAlpha) return undefined;
  const able = alphaFormats.join(" or ");
  return invalidRequest(
    "background",
    `'background' transparent needs 'output_format' ${able}; ${format} has no alpha.`,
  );
}

/** What the fields of a body ask for. */
export function wantedFile({
  output_format: format,
  output_compression,
  background = "auto",
}: OutputFields): WantedFile {
  return { format, quality: outputFormats[format].isLossy ? output_compression : undefined, background };
}

/** How a model's latent becomes the wanted file. Files that are equal have equal options. */
export function decodeOptionsOf(manifest: Pick<Manifest, "image">, wanted: WantedFile): DecodeOptions {
  const { format, quality } = wanted;
  const colour = manifest.image.channels === 4 ? colourOf(wanted) : undefined;
  const isDefault = colour === "ffffff" && !outputFormats[format].hasAlpha;
  return { format, quality, ...(colour !== undefined && !isDefault && { background: colour }) };
}

/** What is behind the subject of a model's picture that was decoded so. */
export function shownBackground({ image }: Pick<Manifest, "image">, decode: DecodeOptions): ShownBackground {
  const isOpaque = image.channels === 3 || decode.background !== undefined || !outputFormats[decode.format].hasAlpha;
  return isOpaque ? "opaque" : "transparent";
}

/** Sentences about a background that the model cannot draw. */
export function backgroundWarnings({ image }: Pick<Manifest, "image">, { background }: WantedFile): readonly string[] {
  if (image.channels === 4 || background === "auto" || background === "opaque") return [];
  return ["'background' has no effect on this model and was ignored."];
}

/** The colour behind what is transparent, "rrggbb"; undefined: none. */
function colourOf({ background }: WantedFile): string | undefined {
  if (background === "opaque") return "ffffff";
  return background.startsWith("#") ? background.slice(1).toLowerCase() : undefined;
}
