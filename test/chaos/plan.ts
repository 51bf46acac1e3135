import { seededRandom } from "../support/random.ts";

// What happens in a scenario, as data: a pure function of the seed, so that a seed repeats it.

/** A process of `npm start`. */
export type Target = "edge" | "backend" | "lane" | "start";

/** What befalls a message between edge and backend. cut: half of its answer arrives. */
export const troubles = ["refused", "answer-lost", "cut", "fault", "delayed", "doubled", "overtaken"] as const;
export type Trouble = (typeof troubles)[number];

/** What the deployed Worker reaches by a binding. */
export const bindings = ["R2", "KV", "D1", "cache", "queue"] as const;
export type Binding = (typeof bindings)[number];

/** answer-lost: it was done, and fails nevertheless. */
export type BindingTrouble = "fails" | "answer-lost" | "slow";

/** What befalls a batch on its way out of a queue. */
export const deliveryTroubles = ["dropped", "doubled", "reordered", "delayed"] as const;
export type DeliveryTrouble = (typeof deliveryTroubles)[number];

/** What a client's server does with a webhook. */
export type WebhookAnswer = "taken" | "busy" | "hung-up";

/**
 * A fault. `at`: the point at which it comes, in messages that have passed between edge and backend, answers included;
 * or when all orders have been answered, if that is earlier. Those without a point last from the first order to the
 * last.
 */
export type Fault =
  | { readonly kind: "kill"; readonly at: number; readonly target: Target }
  | { readonly kind: "clock"; readonly at: number; readonly seconds: number }
  | { readonly kind: "disk"; readonly at: number; readonly milliseconds: number }
  | { readonly kind: "network"; readonly share: number; readonly troubles: readonly Trouble[] }
  | {
      readonly kind: "binding";
      readonly binding: Binding;
      readonly trouble: BindingTrouble;
      readonly share: number;
    }
  | { readonly kind: "deliveries"; readonly share: number; readonly troubles: readonly DeliveryTrouble[] }
  | { readonly kind: "webhooks"; readonly answers: readonly WebhookAnswer[] };

interface Wish {
  readonly n: number;
  readonly steps: number;
  /** Undefined: the service draws it. */
  readonly seed: number | undefined;
}

/** What a client asks for. `copies`: how often it sends the request at once, under one idempotency key. */
export type Order =
  | ({ readonly kind: "picture"; readonly copies: number } & Wish)
  | ({ readonly kind: "stream" } & Wish)
  /** Hangs up: after the first event of a stream, or in the middle of a plain request. Never comes back. */
  | ({ readonly kind: "leaver"; readonly how: "stream" | "reset" } & Wish)
  | { readonly kind: "job"; readonly seeds: readonly number[]; readonly isCancelled: boolean };

/** One scenario. */
export interface Plan {
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly orders: readonly Order[];
  /** Clients that work at once. */
  readonly clients: number;
}

/** What the bindings do while a scenario lasts, as the Worker is told. */
export interface BindingFaults {
  readonly seed: number;
  readonly bindings: readonly Extract<Fault, { kind: "binding" }>[];
  readonly deliveries: Extract<Fault, { kind: "deliveries" }> | undefined;
}

/** Points that a scenario has, roughly: half of its messages. */
const pointsMax = 24;

/** Different seeds of pictures in a scenario: few, so that orders meet at a latent. */
const seedsMax = 6;

/**
 * Past a signature's age, past a reservation, past a picture's link; and back, as a clock that was wrong is set. What
 * was due before it was set back, as a job's next step, is due as much later, so scenarios take that long.
 */
const clockSeconds = [70, 16 * 60, 90 * 60, -10] as const;

/** The scenario of a seed. */
export function planOf(seed: number): Plan {
  const draw = drawFrom(seededRandom(seed));
  const kinds = draw.some(faultKinds, 1 + draw.whole(3));
  const faults = kinds.flatMap((kind) => drawFault[kind](draw));
  const orders = Array.from({ length: 5 + draw.whole(6) }, () => drawOrder(draw));
  const needsJob = faults.some(({ kind }) => kind === "webhooks");
  return { seed, faults, orders: needsJob ? [...orders, drawJob(draw)] : orders, clients: 2 + draw.whole(4) };
}

/** Numbers and choices out of a source of numbers in [0, 1). */
interface Draw {
  /** From 0 to below `below`. */
  whole(below: number): number;
  isTrue(share: number): boolean;
  one<Item>(items: readonly [Item, ...Item[]]): Item;
  /** Different ones. */
  some<Item>(items: readonly Item[], count: number): Item[];
}

function drawFrom(random: () => number): Draw {
  const whole = (below: number) => Math.floor(random() * below);
  return {
    whole,
    isTrue: (share) => random() < share,
    one: (items) => items[whole(items.length)] ?? items[0],
    some(items, count) {
      const left = [...items];
      return Array.from({ length: Math.min(count, left.length) }, () => left.splice(whole(left.length), 1)).flat();
    },
  };
}

const drawFault: Readonly<Record<Fault["kind"], (draw: Draw) => readonly Fault[]>> = {
  kill: (draw) =>
    Array.from({ length: draw.isTrue(0.25) ? 2 : 1 }, () => ({
      kind: "kill",
      at: draw.whole(pointsMax),
      target: draw.one(["edge", "backend", "lane", "start"]),
    })),
  clock: (draw) => [{ kind: "clock", at: draw.whole(pointsMax), seconds: draw.one(clockSeconds) }],
  disk: (draw) => [{ kind: "disk", at: draw.whole(pointsMax), milliseconds: 200 + draw.whole(1_000) }],
  network: (draw) => [{ kind: "network", share: share(draw), troubles: draw.some(troubles, 1 + draw.whole(4)) }],
  binding: (draw) =>
    draw.some(bindings, 1 + draw.whole(2)).map((binding) => ({
      kind: "binding",
      binding,
      trouble: draw.one(["fails", "answer-lost", "slow"]),
      share: share(draw),
    })),
  deliveries: (draw) => [
    { kind: "deliveries", share: share(draw), troubles: draw.some(deliveryTroubles, 1 + draw.whole(4)) },
  ],
  webhooks: (draw) => [
    { kind: "webhooks", answers: Array.from({ length: 1 + draw.whole(2) }, () => draw.one(["busy", "hung-up"])) },
  ],
};

// In the order of its keys, which the language keeps.
const faultKinds = Object.keys(drawFault) as Fault["kind"][];

/** One in eight to one in two. */
function share(draw: Draw): number {
  return (1 + draw.whole(4)) / 8;
}

function drawOrder(draw: Draw): Order {
  const seed = draw.isTrue(0.75) ? draw.whole(seedsMax) : undefined;
  const wish = { n: draw.isTrue(0.2) ? 2 : 1, steps: draw.one([4, 6, 20]), seed };
  const kind = draw.whole(10);
  if (kind < 6) return { kind: "picture", copies: draw.isTrue(0.25) ? 2 : 1, ...wish };
  if (kind < 8) return { kind: "stream", ...wish };
  if (kind < 9) return { kind: "leaver", how: draw.one(["stream", "reset"]), ...wish, steps: 60 };
  return drawJob(draw);
}

function drawJob(draw: Draw): Order {
  const seeds = Array.from({ length: 2 + draw.whole(4) }, () => draw.whole(seedsMax));
  return { kind: "job", seeds, isCancelled: draw.isTrue(0.2) };
}
