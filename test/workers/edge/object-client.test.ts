import { expect, test } from "vitest";
import { objectClient } from "../../../workers/edge/object-client.ts";

const reset = Object.assign(new TypeError("gone"), { durableObjectReset: true });

/** An object that ends in mid-call as often as `ends` says, and counts its stubs. */
function setUp(ends: number) {
  const world = { stubs: 0 };
  const client = objectClient(() => {
    world.stubs += 1;
    const isEnding = world.stubs <= ends;
    return {
      base: 40,
      async add(...values: number[]) {
        if (isEnding) throw reset;
        return values.reduce((sum, value) => sum + value, this.base);
      },
    };
  });
  return { client, world };
}

test("a method gets all its arguments, on its own object", async () => {
  expect(await setUp(0).client.add(1, 1)).toBe(42);
});

test("a method is called again on a new stub when the object ended", async () => {
  const { client, world } = setUp(2);
  expect(await client.add(2)).toBe(42);
  expect(world.stubs).toBe(3);
});

test("a client can be returned by an async function without being called", async () => {
  const { client, world } = setUp(0);
  await Promise.resolve(client);
  expect(world.stubs).toBe(0);
});
