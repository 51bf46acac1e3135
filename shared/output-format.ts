/** What is true of a picture format. */
interface FormatTraits {
  /** Of file names, lower case. */
  readonly extensions: readonly string[];
  /** Whether `output_compression` means something for it. */
  readonly isLossy: boolean;
  readonly hasAlpha: boolean;
}

/** The picture formats, under the names that OpenAI's API gives them. */
export const outputFormatNames = ["png", "jpeg", "webp"] as const;

/** One of "png", "jpeg", "webp". */
export type OutputFormat = (typeof outputFormatNames)[number];

/**
 * Every picture format: a new one has its line here and its case in the encoder (`gpu-backend/image/encode-image.ts`).
 */
export const outputFormats: Readonly<Record<OutputFormat, FormatTraits>> = {
  png: { extensions: [".png"], isLossy: false, hasAlpha: true },
  jpeg: { extensions: [".jpg", ".jpeg"], isLossy: true, hasAlpha: false },
  webp: { extensions: [".webp"], isLossy: true, hasAlpha: true },
};

/** The formats that have a quality, in the list's order. */
export const lossyFormats: readonly OutputFormat[] = outputFormatNames.filter(
  (format) => outputFormats[format].isLossy,
);

/** The formats that can be transparent, in the list's order. */
export const alphaFormats: readonly OutputFormat[] = outputFormatNames.filter(
  (format) => outputFormats[format].hasAlpha,
);

/** The format of a file by its name's extension, in any case; undefined for another. */
export function outputFormatOf(extension: string): OutputFormat | undefined {
  return outputFormatNames.find((format) => outputFormats[format].extensions.includes(extension.toLowerCase()));
}

/** The content type of a picture file. */
export function imageContentType(format: OutputFormat): `image/${OutputFormat}` {
  return `image/${format}`;
}
