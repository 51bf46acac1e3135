import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { CommandError } from "../../command-line.ts";
import { exitCodes } from "../exit-codes.ts";

/** A picture or latent that a command starts from. */
export type Source = { readonly kind: "latent"; readonly id: string } | { readonly kind: "file"; readonly file: File };

const latentIdPattern = /^[0-9a-f]{64}$/u;

/** A latent's id, or else a file. Throws `CommandError` if it is neither. */
export function readSource(text: string): Source {
  if (latentIdPattern.test(text)) return { kind: "latent", id: text };
  return { kind: "file", file: readPicture(text) };
}

/** Throws `CommandError` if there is no such file. */
export function readPicture(path: string): File {
  if (!existsSync(path)) {
    throw new CommandError(`There is no file ${path}. A latent's id has 64 hexadecimal characters.`, exitCodes.usage);
  }
  try {
    return new File([readFileSync(path)], basename(path));
  } catch {
    throw new CommandError(`${path} cannot be read. Check that it is a file, and its rights.`, exitCodes.usage);
  }
}

/** Throws `CommandError` on anything else. */
export function readLatentId(text: string): string {
  if (latentIdPattern.test(text)) return text;
  throw new CommandError(
    `'${text}' is not a latent's id. It has 64 hexadecimal characters; \`generate\` prints it beside each picture.`,
    exitCodes.usage,
  );
}
