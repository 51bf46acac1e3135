import { type RollOutRule, rollOutRuleSchema } from "../../shared/api/roll-out.ts";
import { CommandError } from "../command-line.ts";
import { exitCodes } from "./exit-codes.ts";

/** `--share`: 0 to 100. Throws `CommandError`. */
export function readShare(text: string): number {
  const share = Number(text);
  if (text.trim() !== "" && share >= 0 && share <= 100) return share;
  throw new CommandError("--share is from 0 to 100.", exitCodes.usage);
}

/** `--rule`: "default", "none" or "name=value,name=value". Throws `CommandError` naming what is wrong. */
export function readRule(text: string): RollOutRule | null {
  if (text === "none") return null;
  const entries = text === "default" ? [] : text.split(",").map((entry) => entry.split("="));
  const thresholds = entries.map(([name = "", value = ""]) => [name.trim(), numberOf(value.trim())]);
  const rule = rollOutRuleSchema.safeParse(Object.fromEntries(thresholds));
  if (rule.success) return rule.data;
  const problems = rule.error.issues.map(({ path, message }) => [path.join("."), message].join(" ").trim());
  const names = Object.keys(rollOutRuleSchema.parse({})).join(", ");
  throw new CommandError(`--rule: ${problems.join("; ")}. Thresholds are ${names}.`, exitCodes.usage);
}

/** A text that is no number stays one, and is refused as what it is. */
function numberOf(text: string): number | string | null {
  if (text === "null") return null;
  return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}
