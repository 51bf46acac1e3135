/**
 * The first call, and two more on the object's next incarnations: an object that ends three times in a row is broken.
 */
const attemptsMax = 3;

/**
 * Calls a method of an object, and again on a new stub when the object ended meanwhile (a deployment, a move, a crash).
 * Only for methods that may be repeated: the first call may have done its work. Rejects with what the method threw.
 */
export async function callObject<Stub, Answer>(
  stubOf: () => Stub,
  call: (stub: Stub) => Promise<Answer>,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call(stubOf());
    } catch (error) {
      if (attempt === attemptsMax || !isObjectGone(error)) throw error;
    }
  }
}

/** The platform marks what it threw itself; what the object's code threw is a bug, and repeating it would not help. */
function isObjectGone(error: unknown): boolean {
  return isMarked(error, "retryable") || isMarked(error, "durableObjectReset");
}

function isMarked(error: unknown, mark: string): boolean {
  return typeof error === "object" && error !== null && Reflect.get(error, mark) === true;
}
