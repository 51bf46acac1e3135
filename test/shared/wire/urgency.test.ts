import { expect, test } from "vitest";
import { compareUrgency, type Urgency } from "../../../shared/wire/urgency.ts";

const patient = Number.POSITIVE_INFINITY;

test("interactive before batch, then whose tenant had least, then the earliest deadline, then who came first", () => {
  const place = { tenant: "", costMs: 1, isLast: false };
  const ordered: Urgency[] = [
    { ...place, priority: "interactive", startTag: 1, deadlineMs: 5, arrival: 9 },
    { ...place, priority: "interactive", startTag: 1, deadlineMs: patient, arrival: 2 },
    { ...place, priority: "interactive", startTag: 1, deadlineMs: patient, arrival: 3 },
    { ...place, priority: "interactive", startTag: 2, deadlineMs: 1, arrival: 1 },
    { ...place, priority: "batch", startTag: 0, deadlineMs: 1, arrival: 1 },
    { ...place, priority: "batch", startTag: 0, deadlineMs: patient, arrival: 0 },
  ];
  expect(ordered.toReversed().sort(compareUrgency)).toEqual(ordered);
});
