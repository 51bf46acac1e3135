import type { Urgency } from "../../shared/wire/urgency.ts";

/** The place of an interactive task without tenant or deadline that has had nothing so far. */
export function patientUrgency(arrival: number): Urgency {
  return {
    priority: "interactive",
    tenant: "",
    startTag: 0,
    costMs: 1,
    isLast: false,
    deadlineMs: Number.POSITIVE_INFINITY,
    arrival,
  };
}
