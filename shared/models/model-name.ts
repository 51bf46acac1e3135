/** Characters of an id: 64 of the model, 32 of an adapter, its strength. With a revision it fits a request's 128. */
export const modelIdCharactersMax = 64 + 1 + 32 + 5;

/**
 * What a model may be called: 1 to 64 characters, and for a model with an adapter "+", 1 to 32 of the adapter and,
 * unless it is 1, ":" and the adapter's strength: 0.05 to 1.5 in steps of 0.05, without zeros at its end.
 */
export const modelIdPattern =
  /^[a-z0-9][a-z0-9._-]{0,63}(?:\+[a-z0-9][a-z0-9._-]{0,31}(?::(?:0\.05|0\.[1-9]5?|1\.05|1\.[1-4]5?|1\.5))?)?$/u;

/** Adapter and model, strength, revision of a name that says how strong its adapter is. */
const strengthPattern = /^([^:@]+\+[^:@]+):(\d{1,3}(?:\.\d{1,6})?)(@.*)?$/u;

/** The one spelling of a name: "m+a:0.80" is "m+a:0.8", and "m+a:1" is "m+a". Any other text stays as it is. */
export function canonicalModelName(name: string): string {
  const [, adapted, strength, revision = ""] = strengthPattern.exec(name) ?? [];
  if (adapted === undefined) return name;
  const number = Number(strength);
  return `${adapted}${number === 1 ? "" : `:${number}`}${revision}`;
}

/**
 * Of the ids of models, those that a person may have meant who gave a name that none of them has: the strengths that
 * there are of the same adapter, else all.
 */
export function modelsInsteadOf(name: string, ids: readonly string[]): readonly string[] {
  const adapted = adaptedName(name);
  const strengths = ids.filter((id) => adapted !== undefined && adaptedName(id) === adapted);
  return strengths.length === 0 ? ids : strengths;
}

/** "m+a" of "m+a:0.8" and of "m+a@revision"; undefined for a model without an adapter. */
function adaptedName(name: string): string | undefined {
  return /^[^:@+]+\+[^:@]+/u.exec(name)?.[0];
}
