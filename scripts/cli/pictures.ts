import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import type { Schemas } from "../../shared/client/calls.ts";
import { CommandError } from "../command-line.ts";
import { type OutputPaths, outputPaths } from "../output-paths.ts";

/** One picture of an answer. */
export interface MadePicture {
  readonly file: Uint8Array;
  readonly seed: number;
  readonly latentId: string;
  readonly tier: Schemas["Tier"];
}

/** What a request returned. */
export interface MadePictures {
  readonly pictures: readonly MadePicture[];
  readonly microUsd: number;
  readonly warnings: readonly string[];
  /** From the request to the last byte of the answer. */
  readonly milliseconds: number;
}

/** Where pictures go and how the command reports them. */
export interface OutputFlags {
  readonly output: string;
  readonly json?: boolean;
}

/** The options of every command that writes pictures. */
export function withOutputOptions(command: Command): Command {
  return command
    .option("-o, --output <file>", ".png, .webp, .jpg or .jpeg; several become FILE-1, FILE-2, …", "picture.png")
    .option("--json", "one line of JSON: pictures, cost, warnings");
}

/** Whether a command that streams shows pictures while it works. */
export interface PreviewFlag {
  readonly preview: boolean;
}

/** The option of every command that streams. */
export function withPreviewOption(command: Command): Command {
  return command.option("--no-preview", "show no pictures in the terminal");
}

/** For a program that reads stdout, the terminal stays as it is too. */
export function isWithoutPreview({ json, preview }: Pick<OutputFlags, "json"> & PreviewFlag): boolean {
  return json === true || !preview;
}

/** An answer that is not a stream. */
export function fromResponse({ data, usage, warnings }: Schemas["ImagesResponse"], milliseconds: number): MadePictures {
  const pictures = data.flatMap((image) =>
    "b64_json" in image ? [{ ...placeOf(image), file: Buffer.from(image.b64_json, "base64") }] : [],
  );
  return { pictures, microUsd: usage.cost.micro_usd, warnings, milliseconds };
}

/** What names a picture of an answer or a stream. */
export function placeOf(image: Pick<Schemas["CompletedImageEvent"], "seed" | "latent_id" | "tier">) {
  return { seed: image.seed, latentId: image.latent_id, tier: image.tier };
}

/** Runs a request with the format of the output file, writes its pictures, and reports each on stdout. */
export async function writePictures(
  { output, json = false }: OutputFlags,
  count: number,
  make: (format: OutputPaths["format"]) => Promise<MadePictures>,
): Promise<void> {
  const { format, paths } = outputPaths(output, count);
  // Before the request, which would be charged for a picture that nobody gets.
  makeFolder(dirname(output));
  const made = await make(format);
  const milliseconds = Math.round(made.milliseconds);
  const written = made.pictures.flatMap((picture, index) => {
    const path = paths[index];
    if (path === undefined) return [];
    writeFile(path, picture.file);
    return [{ ...picture, path }];
  });
  if (json) {
    const pictures = written.map(({ path, seed, latentId, tier }) => ({ file: path, seed, latent_id: latentId, tier }));
    const cost = { currency: "usd", micro_usd: made.microUsd };
    process.stdout.write(`${JSON.stringify({ pictures, cost, warnings: made.warnings, milliseconds })}\n`);
    return;
  }
  for (const warning of made.warnings) process.stderr.write(`Note: ${warning}\n`);
  for (const { path, seed, tier, latentId } of written) {
    process.stdout.write(`${path}  seed ${seed}  ${tier}  ${milliseconds} ms  latent ${latentId}\n`);
  }
}

/** Throws `CommandError` with what to do when the file cannot be written. */
function writeFile(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function unwritable(path: string, error: unknown): CommandError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CommandError(`${path} cannot be written (${reason}). Name another file with -o.`);
}
