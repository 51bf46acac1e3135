import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CommandError } from "../command-line.ts";
import { exitCodes } from "./exit-codes.ts";
import { configFolder } from "./folders.ts";

const fileSchema = z.strictObject({
  url: z.url({ protocol: /^https?$/u }).optional(),
  key: z.string().min(1).optional(),
  admin_secret: z.string().min(1).optional(),
  model: z.string().min(1).optional(),
});

/** What a configuration file may set. */
type Settings = z.infer<typeof fileSchema>;

/** The variable of each setting. The second name of a key is the one of version 0.1. */
const variables: Readonly<Record<keyof Settings, readonly string[]>> = {
  url: ["WUERSTCHEN_URL"],
  key: ["WUERSTCHEN_KEY", "WUERSTCHEN_API_KEY"],
  admin_secret: ["WUERSTCHEN_ADMIN_SECRET"],
  model: ["WUERSTCHEN_MODEL"],
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Each setting by flag, else environment, else file. Throws `CommandError` on a file that holds anything else. */
export function readSettings(
  flags: { readonly [Name in keyof Settings]?: Settings[Name] },
  environment: Environment,
): Settings {
  const file = readFile(configPath(environment));
  const chosen = (name: keyof Settings): string | undefined =>
    flags[name] ?? variables[name].map((variable) => environment[variable] || undefined).find(Boolean) ?? file[name];
  return { url: chosen("url"), key: chosen("key"), admin_secret: chosen("admin_secret"), model: chosen("model") };
}

/** `WUERSTCHEN_CONFIG`, or config.json in the user's configuration folder. */
export function configPath(environment: Environment): string {
  return environment["WUERSTCHEN_CONFIG"] ?? join(configFolder(environment), "config.json");
}

function readFile(path: string): Settings {
  const text = textOf(path);
  if (text === undefined) return {};
  const parsed = fileSchema.safeParse(jsonOf(text, path));
  if (!parsed.success) throw new CommandError(`${path}: ${z.prettifyError(parsed.error)}`, exitCodes.usage);
  if (parsed.data.key !== undefined || parsed.data.admin_secret !== undefined) warnOfReaders(path);
  return parsed.data;
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CommandError(`${path} cannot be read. Correct its rights, or set WUERSTCHEN_CONFIG to another file.`);
  }
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(`${path} is not JSON.`, exitCodes.usage);
  }
}

function warnOfReaders(path: string): void {
  const others = 0o077;
  if (process.platform === "win32" || (statSync(path).mode & others) === 0) return;
  process.stderr.write(`Note: ${path} holds a key, and other users can read it. Run: chmod 600 ${path}\n`);
}
