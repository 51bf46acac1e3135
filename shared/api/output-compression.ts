import { type Failure, invalidRequest } from "../errors.ts";
import { lossyFormats, type OutputFormat, outputFormats } from "../output-format.ts";

/** The two fields of a body that say how a picture becomes a file. */
interface OutputFields {
  readonly output_format: OutputFormat;
  readonly output_compression?: number | undefined;
}

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

/** The quality of the file, 0…100; undefined for a format without one. */
export function compressionOf({
  output_format: format,
  output_compression: quality,
}: OutputFields): number | undefined {
  return outputFormats[format].isLossy ? quality : undefined;
}
