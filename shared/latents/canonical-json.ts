import { AppError } from "../errors.ts";

/** What canonical JSON can hold. `undefined`, functions and class instances have no canonical form. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | null
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

/**
 * JSON with one spelling for every value: keys sorted by UTF-16 code unit, no spaces, numbers in ECMAScript's shortest
 * form (the parts of RFC 8785 that plain data needs). Throws `AppError` on a number that JSON cannot hold.
 */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new AppError("Canonical JSON holds finite numbers.");
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(",")}}`;
}

function isList(value: object): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
