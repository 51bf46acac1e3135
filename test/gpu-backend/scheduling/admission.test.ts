import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Admission, type Candidate, createAdmission } from "../../../gpu-backend/scheduling/admission.ts";
import { compareUrgency } from "../../../shared/wire/urgency.ts";

const picturesMax = 8;
const waitingMax = 6;

let arrivals = 0;

function jobOf(change: Partial<Candidate["urgency"]> = {}, pictures = 1): Candidate {
  arrivals += 1;
  const urgency = {
    priority: "interactive",
    deadlineMs: Number.POSITIVE_INFINITY,
    arrival: arrivals,
    ...change,
  } as const;
  return { urgency, pictures };
}

const candidates = fc
  .record({
    priority: fc.constantFrom("interactive" as const, "batch" as const),
    deadlineMs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.POSITIVE_INFINITY)),
    pictures: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ pictures, ...urgency }) => jobOf(urgency, pictures));

/** What happens to an admission: a job comes, or the one at a place of the list leaves. Jobs begin after each. */
const events = fc.array(fc.oneof(candidates, fc.nat({ max: 30 })), { maxLength: 60 });

interface History {
  readonly admission: Admission<Candidate>;
  readonly entered: Candidate[];
  readonly begun: Candidate[];
  readonly left: Set<Candidate>;
}

function replay(happened: readonly (Candidate | number)[], check: (history: History) => void): History {
  const admission = createAdmission<Candidate>({ waitingMax, picturesMax });
  const history: History = { admission, entered: [], begun: [], left: new Set() };
  for (const event of happened) {
    if (typeof event !== "number") {
      if (admission.enter(event)) history.entered.push(event);
    } else {
      const leaving = admission.jobs()[event];
      if (leaving !== undefined) {
        admission.leave(leaving);
        history.left.add(leaving);
      }
    }
    history.begun.push(...admission.begin());
    check(history);
  }
  return history;
}

function waitingIn({ admission, begun }: History): Candidate[] {
  return admission.jobs().filter((job) => !begun.includes(job));
}

function runningIn({ admission, begun }: History): Candidate[] {
  return admission.jobs().filter((job) => begun.includes(job));
}

describe("whatever comes and goes,", () => {
  test("every job that entered waits, runs or has left, and begins at most once", () => {
    fc.assert(
      fc.property(events, (happened) => {
        const history = replay(happened, ({ admission, entered, left, begun }) => {
          expect(new Set(admission.jobs())).toEqual(new Set(entered.filter((job) => !left.has(job))));
          expect(new Set(begun).size).toBe(begun.length);
        });
        expect(history.begun.every((job) => history.entered.includes(job))).toBe(true);
      }),
    );
  });

  test("no bound is passed: places to wait, and pictures that run in each class", () => {
    fc.assert(
      fc.property(events, (happened) => {
        replay(happened, (history) => {
          expect(waitingIn(history).length).toBeLessThanOrEqual(waitingMax);
          const running = runningIn(history);
          const interactive = running.filter(({ urgency }) => urgency.priority === "interactive");
          for (const jobs of [interactive, running.filter((job) => !interactive.includes(job))]) {
            const pictures = jobs.reduce((sum, job) => sum + job.pictures, 0);
            expect(jobs.length === 1 || pictures <= picturesMax).toBe(true);
          }
        });
      }),
    );
  });

  test("nothing that waits is more urgent than what has just begun", () => {
    fc.assert(
      fc.property(events, (happened) => {
        let seen = 0;
        replay(happened, (history) => {
          for (const job of history.begun.slice(seen)) {
            for (const other of waitingIn(history)) expect(compareUrgency(job.urgency, other.urgency)).toBeLessThan(0);
          }
          seen = history.begun.length;
        });
      }),
    );
  });

  test("no place is lost: once all have left, a job begins at once", () => {
    fc.assert(
      fc.property(events, (happened) => {
        const { admission } = replay(happened, () => undefined);
        for (const job of admission.jobs()) admission.leave(job);
        const next = jobOf({ priority: "batch" }, 10);
        expect([admission.enter(next), admission.begin()]).toEqual([true, [next]]);
      }),
    );
  });
});

test("interactive jobs begin before batch jobs, earlier deadlines first, and among equals who came first", () => {
  const admission = createAdmission<Candidate>({ waitingMax, picturesMax: 1 });
  const running = jobOf();
  admission.enter(running);
  admission.begin();
  const [batchSoon, late, soon, patientA, patientB] = [
    jobOf({ priority: "batch", deadlineMs: 1 }),
    jobOf({ deadlineMs: 9 }),
    jobOf({ deadlineMs: 2 }),
    jobOf(),
    jobOf(),
  ];
  for (const job of [patientA, batchSoon, late, patientB, soon]) expect(admission.enter(job)).toBe(true);
  const order: Candidate[] = [];
  for (let next: Candidate | undefined = running; next !== undefined; [next] = admission.begin()) {
    order.push(next);
    admission.leave(next);
  }
  expect(order).toEqual([running, soon, late, patientA, patientB, batchSoon]);
});

test("batch jobs leave half of the places to interactive ones, and never stand before them", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 4, picturesMax: 1 });
  const batch = Array.from({ length: 5 }, () => jobOf({ priority: "batch" }));
  expect(
    batch.map((job) => {
      const isIn = admission.enter(job);
      admission.begin();
      return isIn;
    }),
  ).toEqual([true, true, true, false, false]);
  const interactive = jobOf();
  expect([admission.enter(interactive), admission.begin()]).toEqual([true, [interactive]]);
});
