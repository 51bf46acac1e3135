import { expect, test } from "vitest";
import { callObject } from "../../../workers/edge/call-object.ts";

/** An object whose first incarnations end in mid-call with this error. */
function setUp(ends: number, error: unknown) {
  const world = { stubs: 0 };
  const stubOf = () => {
    world.stubs += 1;
    return world.stubs;
  };
  const call = async (stub: number) => {
    if (stub <= ends) throw error;
    return stub;
  };
  return { world, call: () => callObject(stubOf, call) };
}

const reset = Object.assign(new TypeError("gone"), { durableObjectReset: true });

test("a call to an object that ends is made again on a new stub", async () => {
  const { call } = setUp(2, reset);
  expect(await call()).toBe(3);
});

test("an object that ends three times in a row is given up", async () => {
  const { call, world } = setUp(9, reset);
  await expect(call()).rejects.toBe(reset);
  expect(world.stubs).toBe(3);
});

test.each([
  ["what the object itself threw", new TypeError("bug")],
  ["an overload", Object.assign(new TypeError("busy"), { overloaded: true })],
])("%s is passed on at once", async (_, error) => {
  const { call, world } = setUp(9, error);
  await expect(call()).rejects.toBe(error);
  expect(world.stubs).toBe(1);
});
