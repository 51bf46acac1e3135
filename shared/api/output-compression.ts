import { type Failure, invalidRequest } from "../errors.ts";
import { lossyFormats, type OutputFormat, outputFormats } from "../output-format.ts";
import { err, ok, type Result } from "../result.ts";

/** The two fields of a body that say how a picture becomes a file. */
interface OutputFields {
  readonly output_format: OutputFormat;
  readonly output_compression?: number | undefined;
}

/** The quality of the file, 0…100; undefined for a format without one, which fails when less than all is asked for. */
export function compressionOf(wire: OutputFields): Result<number | undefined, Failure> {
  const { output_format: format, output_compression: quality } = wire;
  if (outputFormats[format].isLossy) return ok(quality);
  if ((quality ?? 100) === 100) return ok(undefined);
  const lossy = lossyFormats.join(" or ");
  const message = `'output_compression' below 100 needs 'output_format' ${lossy}; ${format} is always lossless.`;
  return err(invalidRequest("output_compression", message));
}
