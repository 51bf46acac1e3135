import { parse, format as toPath } from "node:path";
import type { OutputFormat } from "../shared/output-format.ts";
import { CommandError } from "./command-line.ts";

const formatByExtension: ReadonlyMap<string, OutputFormat> = new Map([
  [".png", "png"],
  [".jpg", "jpeg"],
  [".jpeg", "jpeg"],
  [".webp", "webp"],
]);

/** Where pictures go, and in which format. */
export interface OutputPaths {
  readonly format: OutputFormat;
  /** One for each picture. */
  readonly paths: readonly string[];
}

/** The file's extension says the format; several pictures are numbered before it. Throws `CommandError` on another. */
export function outputPaths(file: string, count: number): OutputPaths {
  const { dir, name, ext } = parse(file);
  const format = formatByExtension.get(ext.toLowerCase());
  if (format === undefined) throw new CommandError(`${file} must end in .png, .jpg, .jpeg or .webp.`, 2);
  if (count === 1) return { format, paths: [file] };
  const numbered = (index: number) => toPath({ dir, name: `${name}-${index + 1}`, ext });
  return { format, paths: Array.from({ length: count }, (_, index) => numbered(index)) };
}
