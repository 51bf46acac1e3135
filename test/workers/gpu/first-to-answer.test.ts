import { expect, test } from "vitest";
import { err, ok, type Result } from "../../../shared/result.ts";
import { type Attempt, firstToAnswer } from "../../../workers/gpu/first-to-answer.ts";

type Outcome = Result<string, string>;

/** An attempt that a test ends. */
function openAttempt() {
  let end: (outcome: Outcome) => void = () => {};
  let begin: () => void = () => {};
  let signal: AbortSignal | undefined;
  const ended = new Promise<Outcome>((resolve) => {
    end = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const attempt: Attempt<string, string> = (given) => {
    signal = given;
    begin();
    return ended;
  };
  return { attempt, begun, end, signal: () => signal };
}

const always = () => true;

test("the first answer counts, and nobody else is asked", async () => {
  const [first, second] = [openAttempt(), openAttempt()];
  const outcome = firstToAnswer({
    attempts: [first.attempt, second.attempt],
    isWorthAnother: always,
    hedge: undefined,
  });
  first.end(ok("a"));
  expect(await outcome).toEqual(ok("a"));
  expect(second.signal()).toBeUndefined();
  expect(first.signal()?.aborted).toBe(false);
});

test("a failure leads to the next, and when all have failed every reason is told", async () => {
  const attempts = ["x", "y", "z"].map((reason) => async () => err(reason));
  expect(await firstToAnswer({ attempts, isWorthAnother: always, hedge: undefined })).toEqual(err(["x", "y", "z"]));
});

test("no other is tried when it would not help", async () => {
  const second = openAttempt();
  const attempts = [async () => err("fatal"), second.attempt];
  expect(await firstToAnswer({ attempts, isWorthAnother: () => false, hedge: undefined })).toEqual(err(["fatal"]));
  expect(second.signal()).toBeUndefined();
});

test("one that is slow gets a second beside it, once; the faster counts and the other is stopped", async () => {
  const slow = new AbortController();
  const attempts = [openAttempt(), openAttempt(), openAttempt()] as const;
  const outcome = firstToAnswer({
    attempts: attempts.map(({ attempt }) => attempt),
    isWorthAnother: always,
    hedge: slow.signal,
  });
  slow.abort();
  await attempts[1].begun;
  attempts[1].end(ok("b"));
  expect(await outcome).toEqual(ok("b"));
  expect(attempts.map(({ signal }) => signal()?.aborted)).toEqual([true, false, undefined]);
});

test("one of two that fails leaves the other its time", async () => {
  const slow = new AbortController();
  const [first, second] = [openAttempt(), openAttempt()];
  const outcome = firstToAnswer({
    attempts: [first.attempt, second.attempt],
    isWorthAnother: always,
    hedge: slow.signal,
  });
  slow.abort();
  await second.begun;
  second.end(err("y"));
  first.end(ok("a"));
  expect(await outcome).toEqual(ok("a"));
});

test("a hedge begins nothing once another attempt is not worth it", async () => {
  const [first, second] = [openAttempt(), openAttempt()];
  const slow = new AbortController();
  const outcome = firstToAnswer({
    attempts: [first.attempt, second.attempt],
    isWorthAnother: () => false,
    hedge: slow.signal,
  });
  slow.abort();
  first.end(ok("a"));
  expect(await outcome).toEqual(ok("a"));
  expect(second.signal()).toBeUndefined();
});
