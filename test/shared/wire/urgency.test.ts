import { expect, test } from "vitest";
import { compareUrgency, type Urgency } from "../../../shared/wire/urgency.ts";

const patient = Number.POSITIVE_INFINITY;

test("interactive before batch, then whose tenant had least, then the earliest deadline, then who came first", () => {
  const ordered: Urgency[] = [
    { priority: "interactive", startTag: 1, deadlineMs: 5, arrival: 9 },
    { priority: "interactive", startTag: 1, deadlineMs: patient, arrival: 2 },
    { priority: "interactive", startTag: 1, deadlineMs: patient, arrival: 3 },
    { priority: "interactive", startTag: 2, deadlineMs: 1, arrival: 1 },
    { priority: "batch", startTag: 0, deadlineMs: 1, arrival: 1 },
    { priority: "batch", startTag: 0, deadlineMs: patient, arrival: 0 },
  ];
  expect(ordered.toReversed().sort(compareUrgency)).toEqual(ordered);
});
