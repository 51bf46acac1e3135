import { z } from "zod";

/** What a size becomes that a model lacks. */
export const unsupportedSizesSchema = z.enum(["refused", "nearest"], { error: "must be refused or nearest" });

const aliasPattern = /^([^\s=,]{1,128})=([^\s=,]{1,128})$/u;

/** "NAME=MODEL, NAME=MODEL": other names of models, separated by commas or spaces. */
export const modelAliasesSchema = z
  .string()
  .default("")
  .transform((text) => text.split(/[\s,]+/u).filter((entry) => entry !== ""))
  .pipe(z.array(z.string().regex(aliasPattern, "must be NAME=MODEL, NAME=MODEL")).max(64))
  .transform((entries) => new Map(entries.map((entry) => aliasOf(entry))));

function aliasOf(entry: string): readonly [name: string, model: string] {
  const [name = "", model = ""] = entry.split("=");
  return [name, model];
}

/** How the operator has requests read that were written for other services. */
export interface ModelSettings {
  /** Name → id of a model. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly unsupportedSizes: z.infer<typeof unsupportedSizesSchema>;
}

/** Nothing is read as anything else. */
export const strictModels: ModelSettings = { aliases: new Map(), unsupportedSizes: "refused" };
