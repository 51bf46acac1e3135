import { expect, test } from "vitest";
import { operations } from "../../../workers/openapi/operations.ts";
import { allRoutes, type DocumentedRouteId, type Route } from "../../../workers/routing/route-table.ts";
import { TestEdge } from "../support/test-edge.ts";

const edge = new TestEdge();
const key = { by: "key", scope: "generate", admission: "first" } as const;

/** What no route can be: the compiler refuses each, and the build fails once it refuses one no more. */
const impossible: readonly Route[] = [
  // @ts-expect-error: behind a key, work needs money that is held.
  { method: "put", path: "/x", guard: key, work: "backend" },
  // @ts-expect-error: nor can it be free,
  { method: "put", path: "/x", guard: key, work: "backend", money: "free" },
  // @ts-expect-error: or paid before, without a rate.
  { method: "put", path: "/x", guard: key, work: "backend", money: "paid" },
  // @ts-expect-error: what a link shows again needs a rate,
  { method: "get", path: "/x", guard: { by: "link" }, work: "backend", money: "paid" },
  // @ts-expect-error: and is not free.
  { method: "get", path: "/x", guard: { by: "link" }, work: "backend", money: "free" },
  // @ts-expect-error: who shows nothing can hold no money.
  { method: "get", path: "/x", guard: { by: "address" }, work: "backend", money: "held" },
  // @ts-expect-error: nobody works for an operator's route,
  { method: "get", path: "/x", guard: { by: "operator" }, work: "backend", money: "free" },
  // @ts-expect-error: nor for Stripe.
  { method: "post", path: "/x", guard: { by: "stripe" }, work: "backend", money: "free" },
  // @ts-expect-error: every route has a guard, and so money or a limit by key or address.
  { method: "get", path: "/x", work: "none" },
  // @ts-expect-error: there is no guard that lets everybody pass.
  { method: "get", path: "/x", guard: { by: "open" }, work: "none" },
];

test("a route that makes a backend work without money or a rate does not compile", () => {
  expect(impossible).toHaveLength(10);
});

test("no two routes have the same method and path", () => {
  const places = allRoutes().map(([, { method, path }]) => `${method} ${path}`);
  expect(new Set(places).size).toBe(places.length);
});

test("a route has a bound for its body exactly if the document describes a body", () => {
  const described = operations({
    default: edge.services.models.default,
    list: [edge.services.models.default],
    aliases: [],
  });
  for (const [id, route] of allRoutes().filter(([, { documented }]) => documented !== false)) {
    // `allRoutes` says no more of an id than that it is one.
    const { body } = described[id as DocumentedRouteId];
    expect(route.bodyBytesMax !== undefined, id).toBe(body !== undefined);
  }
});

test("a flood from one address is refused by every route that takes no credential, before it does anything", async () => {
  const flooded = new TestEdge({ LOCATION_LIMITER: { limit: async () => ({ success: false }) } });
  const open = allRoutes().filter(([, { guard }]) => ["address", "link", "stripe"].includes(guard.by));
  expect(open.length).toBeGreaterThan(5);
  for (const [id, { method, path }] of open) {
    const answer = await flooded.fetch(path, { method: method.toUpperCase() });
    expect([answer.status, answer.headers.get("retry-after")], id).toEqual([429, "10"]);
  }
});
