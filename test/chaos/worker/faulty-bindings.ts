import type { Binding } from "../plan.ts";
import { callFaulty } from "./faults.ts";

/** The calls of a binding that reach out to a store. */
const callsOf: Readonly<Record<Exclude<Binding, "D1">, readonly string[]>> = {
  R2: ["get", "put", "delete", "head", "list"],
  KV: ["get", "put", "delete", "list"],
  cache: ["match", "put", "delete"],
  queue: ["send", "sendBatch"],
};

const statementCalls = ["first", "all", "run", "raw"];

/** The Worker's environment with bindings that meet the faults of the moment. */
export function faultyEnvironment(env: object): object {
  const { LATENTS, API_KEYS, USAGE, USAGE_EVENTS, WEBHOOKS } = env as Readonly<Record<string, object>>;
  return {
    ...env,
    LATENTS: faultyBinding("R2", LATENTS ?? {}),
    API_KEYS: faultyBinding("KV", API_KEYS ?? {}),
    USAGE: faultyDatabase((USAGE ?? {}) as D1Database),
    USAGE_EVENTS: faultyBinding("queue", USAGE_EVENTS ?? {}),
    WEBHOOKS: faultyBinding("queue", WEBHOOKS ?? {}),
  };
}

/** Puts faults before the Cache API of this isolate. */
export function installFaultyCache(): void {
  const real = caches;
  const faulty = {
    get default() {
      return faultyBinding("cache", real.default);
    },
  };
  Object.defineProperty(globalThis, "caches", { value: faulty, configurable: true });
}

function faultyBinding(binding: Exclude<Binding, "D1">, target: object): object {
  return withFaultyCalls(target, binding, callsOf[binding]);
}

function withFaultyCalls(target: object, binding: Binding, calls: readonly string[]): object {
  return new Proxy(target, {
    get(real, name) {
      const value = Reflect.get(real, name);
      if (typeof value !== "function") return value;
      if (!calls.includes(String(name))) return value.bind(real);
      return (...parts: unknown[]) => callFaulty(binding, () => value.apply(real, parts));
    },
  });
}

/** A statement becomes faulty when it runs alone; a batch takes the real ones. */
function faultyDatabase(database: D1Database): object {
  const realOf = new WeakMap<object, D1PreparedStatement>();

  function faultyStatement(real: D1PreparedStatement): object {
    const calls = withFaultyCalls(real, "D1", statementCalls);
    const faulty = new Proxy(calls, {
      get: (target, name) =>
        name === "bind" ? (...values: unknown[]) => faultyStatement(real.bind(...values)) : Reflect.get(target, name),
    });
    realOf.set(faulty, real);
    return faulty;
  }

  return {
    prepare: (query: string) => faultyStatement(database.prepare(query)),
    batch: (statements: readonly object[]) =>
      callFaulty("D1", () => database.batch(statements.flatMap((statement) => realOf.get(statement) ?? []))),
  };
}
