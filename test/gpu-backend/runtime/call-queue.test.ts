import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { companionsOf, nextCall, type QueuedCall } from "../../../gpu-backend/runtime/call-queue.ts";
import type { Urgency } from "../../../shared/wire/urgency.ts";
import { patientUrgency } from "../../support/patient-urgency.ts";

const patient = Number.POSITIVE_INFINITY;

let arrival = 0;

interface Change extends Partial<Omit<QueuedCall, "urgency">>, Partial<Urgency> {}

function callOf({ key = "a", rows = 1, isOnce = false, ...place }: Change): QueuedCall {
  arrival += 1;
  return { key, rows, isOnce, urgency: { ...patientUrgency(arrival), ...place } };
}

const calls = fc.array(
  fc
    .record({
      priority: fc.constantFrom("interactive" as const, "batch" as const),
      tenant: fc.constantFrom("x", "y", "z"),
      startTag: fc.constantFrom(0, 1.5, 3),
      deadlineMs: fc.constantFrom(1, 2, patient),
      isLast: fc.boolean(),
      key: fc.constantFrom("a", "b"),
      rows: fc.constantFrom(1, 2),
      isOnce: fc.boolean(),
    })
    .map(callOf),
  { minLength: 1, maxLength: 20 },
);

test("a batch has its leader in front, one key, no call twice, and holds the rule and the limits of its leader", () => {
  fc.assert(
    fc.property(
      calls,
      fc.constantFrom(1, 2),
      fc.constantFrom(2, 4, 16),
      fc.constantFrom(2, 3, patient),
      fc.constantFrom(2, 3),
      (waiting, rowsMin, rowsMax, own, mixed) => {
        const leader = nextCall(waiting);
        if (leader === undefined) throw new Error("Nothing waits.");
        const batch = companionsOf(leader, waiting, { rowsMin, rowsMax }, { own, mixed });
        expect(batch[0]).toBe(leader);
        expect(new Set(batch).size).toBe(batch.length);
        expect(batch.every(({ key }) => key === leader.key)).toBe(true);
        expect(batch.length === 1 || batch.every(({ rows }) => rows >= rowsMin)).toBe(true);
        const isOwn = batch.every(({ urgency }) => urgency.tenant === leader.urgency.tenant);
        const rows = batch.reduce((sum, call) => sum + call.rows, 0);
        expect(rows).toBeLessThanOrEqual(Math.min(rowsMax, isOwn ? own : mixed));
      },
    ),
  );
});

describe("the next call", () => {
  test("is interactive wherever an interactive call waits", () => {
    fc.assert(
      fc.property(calls, (waiting) => {
        const isInteractive = ({ urgency }: QueuedCall) => urgency.priority === "interactive";
        expect(isInteractive(nextCall(waiting) as QueuedCall)).toBe(waiting.some(isInteractive));
      }),
    );
  });

  test("is that of a newcomer, whatever a tenant that was promised more has waiting", () => {
    const flood = [0, 10, 20, 30].flatMap((startTag) => [
      callOf({ tenant: "flood", startTag, costMs: 10 }),
      callOf({ tenant: "flood", startTag, costMs: 10, isLast: true }),
      callOf({ tenant: "flood", startTag: startTag + 10, costMs: 10, isOnce: true }),
    ]);
    const newcomer = callOf({ tenant: "newcomer", startTag: 0, costMs: 10 });
    expect(nextCall([...flood, newcomer])).toBe(newcomer);
  });

  test("lets a task of another tenant into the batch, unless that one is further ahead than the leader's task is long", () => {
    const step = callOf({ tenant: "a", startTag: 0, costMs: 10 });
    const near = callOf({ tenant: "b", startTag: 9, costMs: 10, isOnce: true });
    const far = callOf({ tenant: "c", startTag: 10, costMs: 10, isOnce: true });
    expect(nextCall([step, near])).toBe(near);
    expect(nextCall([step, far])).toBe(step);
  });

  test("of one tenant is what runs once a task, then what ends a task, then the oldest", () => {
    const oldest = callOf({ startTag: 0 });
    const ending = callOf({ startTag: 1, isLast: true });
    const once = callOf({ startTag: 2, costMs: 5, isOnce: true });
    expect(nextCall([oldest, ending, once])).toBe(once);
    expect(nextCall([oldest, ending])).toBe(ending);
    expect(nextCall([oldest, callOf({ startTag: 1 })])).toBe(oldest);
  });
});
