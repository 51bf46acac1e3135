import type { z } from "zod";
import { type Failure, invalidRequest } from "./errors.ts";
import { echoedNameCharactersMax } from "./limits.ts";

type Issue = z.core.$ZodIssue;

/**
 * The first problem that zod found, as a failure that names the field, its limit and the fix. Values are never quoted;
 * of a name from outside, at most the first 64 characters are.
 */
export function requestFault(error: z.ZodError, input: unknown): Failure {
  const [issue] = error.issues;
  if (issue === undefined) return invalidRequest(null, "The request is not valid.");
  if (issue.code === "unrecognized_keys") return unknownField(issue.keys[0] ?? "");
  const param = issue.path.length === 0 ? null : issue.path.map(clipped).join(".");
  const subject = param === null ? "The request body" : `'${param}'`;
  if (param !== null && valueAt(input, issue.path) === undefined) {
    return invalidRequest(param, `${subject} is required.`);
  }
  if (issue.code === "invalid_value")
    return invalidRequest(param, `${subject} is not valid.`, issue.values.map(String));
  return invalidRequest(param, `${subject} ${requirement(issue)}.`);
}

function unknownField(key: string): Failure {
  const name = clipped(key);
  return invalidRequest(name, `Unknown field '${name}'. Remove it, or check its spelling.`);
}

function clipped(name: PropertyKey): string {
  return String(name).slice(0, echoedNameCharactersMax);
}

/** The rest of the sentence that begins with the field's name. */
function requirement(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeText(issue.expected)}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unitText(issue.origin)}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unitText(issue.origin)}`;
    case "custom":
      return issue.message;
    default:
      return "is not valid";
  }
}

function typeText(expected: string): string {
  if (expected === "int") return "a whole number";
  return /^[aeio]/u.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function unitText(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " entries long" : "";
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
