import { parse, format as toPath } from "node:path";
import { type OutputFormat, outputFormatOf, outputFormats } from "../shared/output-format.ts";
import { CommandError } from "./command-line.ts";

/** Where pictures go, and in which format. */
export interface OutputPaths {
  readonly format: OutputFormat;
  /** One for each picture. */
  readonly paths: readonly string[];
}

const extensions = Object.values(outputFormats)
  .flatMap((format) => format.extensions)
  .join(" or ");

/** The file's extension says the format; several pictures are numbered before it. Throws `CommandError` on another. */
export function outputPaths(file: string, count: number): OutputPaths {
  const { dir, name, ext } = parse(file);
  const format = outputFormatOf(ext);
  if (format === undefined) throw new CommandError(`${file} must end in ${extensions}.`, 2);
  if (count === 1) return { format, paths: [file] };
  const numbered = (index: number) => toPath({ dir, name: `${name}-${index + 1}`, ext });
  return { format, paths: Array.from({ length: count }, (_, index) => numbered(index)) };
}
