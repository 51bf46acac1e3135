/** The same object with some of its members replaced: how a fault is planted before what does not know of it. */
export function override<Target extends object>(target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(Reflect.has(members, name) ? members : target, name);
      return typeof value === "function" && !Reflect.has(members, name) ? value.bind(target) : value;
    },
  });
}
