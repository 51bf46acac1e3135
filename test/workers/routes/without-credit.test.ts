import { beforeAll, expect, test } from "vitest";
import { allRoutes, type RouteId, routeTable } from "../../../workers/routing/route-table.ts";
import { TestEdge } from "../support/test-edge.ts";

// Every route of the table that holds money, in its modes, is asked by an account that has none left.

type HeldRouteId = {
  [Id in RouteId]: (typeof routeTable)[Id] extends { readonly money: "held" } ? Id : never;
}[RouteId];

interface Order {
  readonly mode: string;
  readonly body: FormData | object;
  readonly headers?: Readonly<Record<string, string>>;
}

const edge = new TestEdge();

/** By the price book, for 6 steps on a latent of 4×4 and 64×64 pixels. */
const generated = 17 + 1 + 3;

let key: string;
let ownLatents: readonly string[];

beforeAll(async () => {
  key = await edge.createKey(undefined, 2 * generated);
  const answers = await Promise.all([1, 2].map((seed) => edge.generate(key, { prompt: "apple", seed })));
  ownLatents = answers.flatMap(({ data }) => data.map(({ latent_id }) => latent_id));
});

function picture(fields: Readonly<Record<string, string>>, ...files: readonly string[]): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const name of files) form.append(name, new File([`a ${name} of one's own`], `${name}.png`));
  return form;
}

/**
 * Requests that an account with credit gets pictures for. A route that holds money and is missing here does not
 * compile.
 */
const orders: Readonly<Record<HeldRouteId, () => readonly Order[]>> = {
  createImage: () => [
    { mode: "plain", body: { prompt: "apple" } },
    { mode: "with a seed that is new", body: { prompt: "apple", seed: 9 } },
    { mode: "of ten pictures", body: { prompt: "apple", n: 10 } },
    { mode: "fresh", body: { prompt: "apple", reuse: "fresh" } },
    { mode: "of a near prompt", body: { prompt: "apple", reuse: "similar" } },
    { mode: "by link", body: { prompt: "apple", response_format: "url" } },
    { mode: "as bytes", body: { prompt: "apple" }, headers: { accept: "image/png" } },
    { mode: "in another format", body: { prompt: "apple", seed: 1, output_format: "webp" } },
    { mode: "with an idempotency key", body: { prompt: "apple" }, headers: { "idempotency-key": "once" } },
    { mode: "as a client's retry", body: { prompt: "apple" }, headers: { "x-stainless-retry-count": "1" } },
  ],
  editImage: () => [
    { mode: "without a mask", body: picture({ prompt: "apple" }, "image") },
    { mode: "with a mask", body: picture({ prompt: "apple" }, "image", "mask") },
  ],
  varyImage: () => [
    { mode: "without a prompt", body: picture({}, "image") },
    { mode: "as JSON", body: { image: btoa("a picture of one's own") } },
  ],
  textToImage: () => [{ mode: "plain", body: { inputs: "apple" } }],
  decodeLatent: () => [
    { mode: "as it is", body: {} },
    { mode: "in another format", body: { output_format: "jpeg" } },
  ],
  interpolateLatents: () => [{ mode: "plain", body: { latent_id: ownLatents[1], t: [0.5] } }],
  varyLatent: () => [
    { mode: "without a prompt", body: {} },
    { mode: "with a prompt", body: { prompt: "pear" } },
  ],
  putJob: () => [
    { mode: "of one request", body: { requests: [{ prompt: "apple" }] } },
    { mode: "with a webhook", body: { requests: [{ prompt: "apple" }], webhook_url: "https://hooks.example.com/a" } },
  ],
};

/** The path with this account's own latent, the model that is served, and a job's name in it. */
function pathOf(id: HeldRouteId): string {
  const { path } = routeTable[id];
  if (id === "textToImage") return path.replace(":id", edge.services.models.default.manifest.id);
  return path.replace(":id", id === "putJob" ? "a-job" : (ownLatents[0] ?? ""));
}

function ask(id: HeldRouteId, shownKey: string, { body, headers = {} }: Order): Promise<Response> {
  const isForm = body instanceof FormData;
  return edge.fetch(pathOf(id), {
    method: routeTable[id].method.toUpperCase(),
    headers: {
      authorization: `Bearer ${shownKey}`,
      ...(isForm ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    body: isForm ? body : JSON.stringify(body),
  });
}

const heldIds = allRoutes().flatMap(([id, route]) => ("money" in route && route.money === "held" ? [id] : []));

test("the routes below are those of the table that hold money", () => {
  expect(Object.keys(orders).sort()).toEqual(heldIds.toSorted());
});

test.each(Object.entries(orders))(
  "%s without credit is 402 in every mode, and no backend hears of it",
  async (name, of) => {
    // Object.entries knows of no literal keys.
    const id = name as HeldRouteId;
    for (const order of of()) {
      const calls = edge.backend.transcript.length;
      const answer = await ask(id, key, order);
      const body: { error: unknown; code?: string } = await answer.json();
      expect([answer.status, body], order.mode).toMatchObject([
        402,
        typeof body.error === "string" ? { code: "insufficient_quota" } : { error: { code: "insufficient_quota" } },
      ]);
      expect(edge.backend.transcript.slice(calls), order.mode).toEqual([]);
    }
  },
);

test("a stream without credit ends with the refusal, and no backend hears of it", async () => {
  const calls = edge.backend.transcript.length;
  const answer = await ask("createImage", key, { mode: "stream", body: { prompt: "apple", stream: true } });
  expect(await answer.text()).toContain("insufficient_quota");
  expect(edge.backend.transcript.slice(calls)).toEqual([]);
});
