import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFairShare, type FairShare } from "../../../gpu-backend/scheduling/fair-share.ts";

const tenants = ["a", "b", "c", "d"];

/** Costs of tasks to come, for each tenant; and how many run at a time. */
const loads = fc.record({
  costs: fc.tuple(...tenants.map(() => fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 30, maxLength: 30 }))),
  together: fc.integer({ min: 1, max: 6 }),
});

const pairs = tenants.flatMap((one) => tenants.map((other) => [one, other] as const));

function lead(given: ReadonlyMap<string, number>, one: string, other: string): number {
  return (given.get(one) ?? 0) - (given.get(other) ?? 0);
}

function sum(values: ReadonlyMap<string, number>, one: string, other: string): number {
  return (values.get(one) ?? 0) + (values.get(other) ?? 0);
}

/** Begins the next task of whoever has the smallest start tag: what it was given, and its tag. */
function serve(share: FairShare, queues: ReadonlyMap<string, number[]>) {
  const waiting = [...queues].filter(([, costs]) => costs.length > 0);
  const [tenant, costs] = waiting.reduce((a, b) => (share.startOf(b[0]) < share.startOf(a[0]) ? b : a));
  const cost = costs.shift() ?? 0;
  return { tenant, cost, start: share.begin(tenant, cost) };
}

describe("among tenants that always have work", () => {
  test("what two of them were given differs by no more than a task of each, at any moment", () => {
    fc.assert(
      fc.property(loads, ({ costs, together }) => {
        const share = createFairShare();
        const queues = new Map(tenants.map((tenant, index) => [tenant, [...(costs[index] ?? [])]]));
        const longest = new Map(tenants.map((tenant, index) => [tenant, Math.max(...(costs[index] ?? []))]));
        const given = new Map(tenants.map((tenant) => [tenant, 0]));
        const running: number[] = [];
        while ([...queues.values()].every((queue) => queue.length > 0)) {
          const { tenant, cost, start } = serve(share, queues);
          given.set(tenant, (given.get(tenant) ?? 0) + cost);
          running.push(start);
          // Those that run end in the order of their beginning.
          if (running.length >= together) share.end(running.shift() ?? 0);
          for (const [one, other] of pairs)
            expect(lead(given, one, other)).toBeLessThanOrEqual(sum(longest, one, other));
        }
      }),
    );
  });

  test("a tenant of many tasks gets no more than one of few, however much it asks for", () => {
    const share = createFairShare();
    const queues = new Map([
      ["many", new Array(1_000).fill(10)],
      ["few", new Array(20).fill(10)],
    ]);
    const order = Array.from({ length: 40 }, () => {
      const { tenant, start } = serve(share, queues);
      share.end(start);
      return tenant;
    });
    expect(order.filter((tenant) => tenant === "few")).toHaveLength(20);
  });
});

describe("a tenant that comes late", () => {
  test("has no claim to the past: from then on it gets its share, and not what it did not ask for", () => {
    const share = createFairShare();
    for (let task = 0; task < 100; task += 1) share.end(share.begin("early", 10));
    const queues = new Map([
      ["early", new Array(50).fill(10)],
      ["late", new Array(50).fill(10)],
    ]);
    const order = Array.from({ length: 20 }, () => {
      const { tenant, start } = serve(share, queues);
      share.end(start);
      return tenant;
    });
    expect(order.filter((tenant) => tenant === "late").length).toBeGreaterThanOrEqual(9);
    expect(order.filter((tenant) => tenant === "late").length).toBeLessThanOrEqual(11);
  });

  test("stands with the first of those that run, not behind them", () => {
    const share = createFairShare();
    const tags = Array.from({ length: 16 }, () => share.begin("flood", 100));
    expect(share.startOf("late")).toBe(Math.min(...tags));
    expect(share.startOf("flood")).toBe(1_600);
  });
});

test("virtual time never goes back, whatever begins and ends", () => {
  const steps = fc.array(
    fc.record({ tenant: fc.constantFrom(...tenants), cost: fc.integer({ min: 1, max: 9 }), ends: fc.nat({ max: 9 }) }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const share = createFairShare();
      const running: number[] = [];
      let last = 0;
      for (const { tenant, cost, ends } of taken) {
        running.push(share.begin(tenant, cost));
        expect(share.virtualTime()).toBeGreaterThanOrEqual(last);
        const [ended] = running.splice(ends % running.length, ends % 3 === 0 ? 1 : 0);
        if (ended !== undefined) share.end(ended);
        expect(share.virtualTime()).toBeGreaterThanOrEqual(last);
        last = share.virtualTime();
      }
    }),
  );
});
