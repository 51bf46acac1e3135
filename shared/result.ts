/** An expected outcome: a value, or a reason why there is none. Bugs are thrown instead (see `AppError`). */
export type Result<Value, Reason> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Reason };

/** The outcome of something that worked. */
export function ok<Value>(value: Value): Result<Value, never> {
  return { ok: true, value };
}

/** The outcome of something that did not work, and why. */
export function err<Reason>(error: Reason): Result<never, Reason> {
  return { ok: false, error };
}

/** The values of results that are all right, or the first reason why one is not. */
export function allOf<Value, Reason>(results: readonly Result<Value, Reason>[]): Result<readonly Value[], Reason> {
  const values: Value[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return ok(values);
}
