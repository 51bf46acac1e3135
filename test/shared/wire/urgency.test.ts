import { expect, test } from "vitest";
import { compareUrgency, type Urgency } from "../../../shared/wire/urgency.ts";

const patient = Number.POSITIVE_INFINITY;

test("interactive before batch, then the earliest deadline, then who came first", () => {
  const ordered: Urgency[] = [
    { priority: "interactive", deadlineMs: 5, arrival: 9 },
    { priority: "interactive", deadlineMs: patient, arrival: 2 },
    { priority: "interactive", deadlineMs: patient, arrival: 3 },
    { priority: "batch", deadlineMs: 1, arrival: 1 },
    { priority: "batch", deadlineMs: patient, arrival: 0 },
  ];
  expect(ordered.toReversed().sort(compareUrgency)).toEqual(ordered);
});
