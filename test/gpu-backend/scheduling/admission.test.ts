import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Admission, createAdmission } from "../../../gpu-backend/scheduling/admission.ts";
import { type Candidate, createRunningTasks } from "../../../gpu-backend/scheduling/running-tasks.ts";
import { compareUrgency } from "../../../shared/wire/urgency.ts";

const picturesMax = 8;
const waitingMax = 6;

let arrivals = 0;

function taskOf(change: Partial<Candidate> = {}): Candidate {
  arrivals += 1;
  return {
    priority: "interactive",
    tenant: "",
    request: undefined,
    deadlineMs: Number.POSITIVE_INFINITY,
    arrival: arrivals,
    pictures: 1,
    costMs: 10,
    isLast: false,
    ...change,
  };
}

const candidates = fc
  .record({
    priority: fc.constantFrom("interactive" as const, "batch" as const),
    deadlineMs: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Number.POSITIVE_INFINITY)),
    pictures: fc.integer({ min: 1, max: 10 }),
    tenant: fc.constantFrom("a", "b", "c"),
    costMs: fc.integer({ min: 1, max: 100 }),
  })
  .map(taskOf);

/** What happens to an admission: a task comes, or the one at a place of the list leaves. Tasks begin after each. */
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
      const leaving = admission.tasks()[event];
      if (leaving !== undefined) {
        admission.leave(leaving);
        history.left.add(leaving);
      }
    }
    history.begun.push(...admission.begin().map(({ task }) => task));
    check(history);
  }
  return history;
}

function waitingIn({ admission, begun }: History): Candidate[] {
  return admission.tasks().filter((task) => !begun.includes(task));
}

function runningIn({ admission, begun }: History): Candidate[] {
  return admission.tasks().filter((task) => begun.includes(task));
}

describe("whatever comes and goes,", () => {
  test("every task that entered waits, runs or has left, and begins at most once", () => {
    fc.assert(
      fc.property(events, (happened) => {
        const history = replay(happened, ({ admission, entered, left, begun }) => {
          expect(new Set(admission.tasks())).toEqual(new Set(entered.filter((task) => !left.has(task))));
          expect(new Set(begun).size).toBe(begun.length);
        });
        expect(history.begun.every((task) => history.entered.includes(task))).toBe(true);
      }),
    );
  });

  test("no bound is passed: places to wait, and pictures that run in each class", () => {
    fc.assert(
      fc.property(events, (happened) => {
        replay(happened, (history) => {
          expect(waitingIn(history).length).toBeLessThanOrEqual(waitingMax);
          const running = runningIn(history);
          for (const priority of ["interactive", "batch"]) {
            const tasks = running.filter((task) => task.priority === priority);
            const pictures = tasks.map((task) => task.pictures);
            // The last of them may have begun beyond the bound: the only task of its tenant, below twice the bound.
            const before = pictures.reduce((sum, count) => sum + count, 0) - Math.max(0, ...pictures);
            expect(before).toBeLessThan(2 * picturesMax);
            const ofOne = tasks.filter((task) => task.tenant === tasks[0]?.tenant).map((task) => task.pictures);
            expect(ofOne.length <= 1 || ofOne.reduce((sum, count) => sum + count, 0) <= picturesMax + 10).toBe(true);
          }
        });
      }),
    );
  });

  test("no interactive task waits behind a batch task that has just begun, and none of a tenant behind a later deadline", () => {
    fc.assert(
      fc.property(events, (happened) => {
        let seen = 0;
        replay(happened, (history) => {
          for (const task of history.begun.slice(seen)) {
            for (const other of waitingIn(history)) {
              expect(task.priority === "batch" && other.priority === "interactive").toBe(false);
              const isRival = task.tenant === other.tenant && task.priority === other.priority;
              expect(isRival && other.deadlineMs < task.deadlineMs).toBe(false);
            }
          }
          seen = history.begun.length;
        });
      }),
    );
  });

  test("a tenant that holds nothing finds a place while any is free, whoever holds the others", () => {
    fc.assert(
      fc.property(events, (happened) => {
        replay(happened, (history) => {
          const isFree = waitingIn(history).length < waitingMax;
          const newcomer = { priority: "interactive", tenant: "new", request: undefined, pictures: 1 } as const;
          expect(history.admission.hasRoom(newcomer) || !isFree).toBe(true);
        });
      }),
    );
  });

  test("asking for room changes nothing, and its answer is the one that entering gives", () => {
    fc.assert(
      fc.property(events, candidates, (happened, task) => {
        const { admission } = replay(happened, () => undefined);
        const before = admission.tasks();
        const hasRoom = admission.hasRoom(task);
        expect(admission.tasks()).toEqual(before);
        expect(admission.enter(taskOf({ ...task }))).toBe(hasRoom);
      }),
    );
  });

  test("no place is lost: once all have left, a task begins at once", () => {
    fc.assert(
      fc.property(events, (happened) => {
        const { admission } = replay(happened, () => undefined);
        for (const task of admission.tasks()) admission.leave(task);
        const next = taskOf({ priority: "batch", pictures: 10 });
        expect([admission.enter(next), admission.begin().map(({ task }) => task)]).toEqual([true, [next]]);
      }),
    );
  });
});

test("interactive tasks begin before batch tasks, earlier deadlines first, and among equals who came first", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 2 * waitingMax, picturesMax: 1 });
  const running = taskOf();
  admission.enter(running);
  admission.begin();
  const [batchSoon, late, soon, patientA, patientB] = [
    taskOf({ priority: "batch", deadlineMs: 1 }),
    taskOf({ deadlineMs: 9 }),
    taskOf({ deadlineMs: 2 }),
    taskOf(),
    taskOf(),
  ];
  for (const task of [patientA, batchSoon, late, patientB, soon]) expect(admission.enter(task)).toBe(true);
  const order: Candidate[] = [];
  for (let next: Candidate | undefined = running; next !== undefined; next = admission.begin()[0]?.task) {
    order.push(next);
    admission.leave(next);
  }
  expect(order).toEqual([running, soon, late, patientA, patientB, batchSoon]);
});

test("batch tasks leave half of the places to interactive ones, and never stand before them", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 8, picturesMax: 1 });
  const batch = Array.from({ length: 5 }, () => taskOf({ priority: "batch" }));
  expect(
    batch.map((task) => {
      const isIn = admission.enter(task);
      admission.begin();
      return isIn;
    }),
  ).toEqual([true, true, true, false, false]);
  const interactive = taskOf();
  expect([admission.enter(interactive), admission.begin().map(({ task }) => task)]).toEqual([true, [interactive]]);
});

/** Lets in as many tasks of a tenant as there is room for, at most `count`. */
function fill(admission: Admission<Candidate>, tenant: string, count: number): Candidate[] {
  const tasks = Array.from({ length: count }, () => taskOf({ tenant }));
  return tasks.filter((task) => admission.enter(task));
}

test("one tenant alone gets half of the places, and three get a quarter each", () => {
  const alone = createAdmission<Candidate>({ waitingMax: 64, picturesMax: 1 });
  fill(alone, "first", 1);
  alone.begin();
  expect(fill(alone, "first", 100)).toHaveLength(32);

  const shared = createAdmission<Candidate>({ waitingMax: 64, picturesMax: 1 });
  fill(shared, "first", 1);
  shared.begin();
  const counts = new Map<string, number>();
  for (let round = 0; round < 100; round += 1) {
    for (const tenant of ["a", "b", "c"]) {
      if (shared.enter(taskOf({ tenant }))) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    }
  }
  for (const count of counts.values()) expect(Math.abs(count - 16)).toBeLessThanOrEqual(1);
});

test("a tenant that comes after the flood of another begins at once, before all that it has waiting", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 64, picturesMax: 16 });
  fill(admission, "flood", 100);
  const flood = admission.begin();
  const neighbour = taskOf({ tenant: "neighbour" });
  expect(admission.enter(neighbour)).toBe(true);
  const [begun] = admission.begin();
  expect(begun?.task).toBe(neighbour);
  const before = flood.filter(({ urgency }) => urgency.startTag < (begun?.urgency.startTag ?? 0));
  expect(before).toEqual([]);
});

describe("of two tenants that always have tasks, run one at a time,", () => {
  /** How many of 200 tasks each was given, if each keeps as many in as `demands` says. */
  function givenTo(demands: Readonly<Record<string, number>>): Record<string, number> {
    const running = createRunningTasks<Candidate>(1);
    const given = Object.fromEntries(Object.keys(demands).map((tenant) => [tenant, 0]));
    for (let turn = 0; turn < 200; turn += 1) {
      const rivals = Object.keys(demands).map((tenant) => taskOf({ tenant }));
      const [first] = rivals.toSorted((a, b) => compareUrgency(running.placeOf(a), running.placeOf(b)));
      if (first === undefined) break;
      running.begin(first, demands[first.tenant] ?? 1);
      running.end(first);
      given[first.tenant] = (given[first.tenant] ?? 0) + 1;
    }
    return given;
  }

  test("one that asks for a picture at a time is given four of five, however much the other asks for", () => {
    for (const demand of [4, 10, 80]) expect(givenTo({ modest: 1, busy: demand })).toEqual({ modest: 160, busy: 40 });
  });

  test("those that ask for alike are given alike", () => {
    expect(givenTo({ one: 1, other: 1 })).toEqual({ one: 100, other: 100 });
    expect(givenTo({ one: 10, other: 80 })).toEqual({ one: 100, other: 100 });
  });
});

test("what a tenant has waiting and running is what it asks for", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 64, picturesMax: 1 });
  fill(admission, "busy", 4);
  const [busy] = admission.begin();
  fill(admission, "modest", 1);
  const [modest] = admission.begin();
  expect(modest?.task.tenant).toBe("modest");
  for (const begun of [busy, modest]) if (begun !== undefined) admission.leave(begun.task);
  // Both have had one task of the same cost. The modest one's counted once, the busy one's four times.
  fill(admission, "modest", 1);
  expect(admission.begin().map(({ task }) => task.tenant)).toEqual(["modest", "busy"]);
});

test("once a task of a request was let in, its others are, and the decode that ends it goes first", () => {
  const admission = createAdmission<Candidate>({ waitingMax: 2, picturesMax: 1 });
  const request = "the request that was let in";
  const first = taskOf({ tenant: "a", request });
  admission.enter(first);
  admission.begin();
  while (admission.enter(taskOf({ tenant: "a" })));
  admission.leave(first);
  admission.begin();
  const decode = taskOf({ tenant: "a", request, isLast: true, deadlineMs: 5 });
  expect(admission.enter(decode)).toBe(true);
  expect(admission.hasRoom({ priority: "interactive", tenant: "a", request: "another", pictures: 1 })).toBe(false);
});
