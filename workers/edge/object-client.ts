import { callObject } from "./call-object.ts";

/** What a binding of Durable Objects is used for here: one object a name, and its methods. */
export interface ObjectNamespace<Stub> {
  getByName(name: string): Stub;
}

/** The public methods of an object's class as a caller has them: each returns a promise. */
export type ObjectClient<Methods> = {
  readonly [Name in keyof Methods as Methods[Name] extends Method ? Name : never]: Methods[Name] extends (
    ...args: infer Args
  ) => infer Answer
    ? (...args: Args) => Promise<Awaited<Answer>>
    : never;
};

type Method = (...args: never[]) => unknown;

/**
 * A client that forwards each method to the object by `callObject`, so each method must be one that may be repeated.
 * A stub is taken anew for every call: one whose object ended stays broken.
 */
export function objectClient<Client extends object>(stubOf: () => Client): Client {
  const forward =
    (name: string) =>
    (...args: unknown[]) =>
      callObject<object, unknown>(stubOf, async (stub) => Reflect.apply(Reflect.get(stub, name), stub, args));
  return new Proxy(Object.create(null), {
    // A `then` would make the client itself look like a promise.
    get: (_, name) => (typeof name === "string" && name !== "then" ? forward(name) : undefined),
  });
}
