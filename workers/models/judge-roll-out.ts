import type { RollOutRule } from "../../shared/api/roll-out.ts";
import type { RollOutReason } from "../../shared/api/roll-out-reason.ts";
import type { ModelReport } from "../../shared/models/kpi.ts";
import type { ModelFigures } from "../usage/model-figures.ts";

/** How one revision does: what was counted, and what its report says. */
export interface WatchedRevision extends ModelFigures {
  readonly report: ModelReport | undefined;
}

/** The two revisions of a roll-out. */
export interface WatchedRollOut {
  /** Undefined: the revision that the id meant was taken back. */
  readonly before: WatchedRevision | undefined;
  readonly candidate: WatchedRevision;
}

/** What becomes of a roll-out, and why. */
export interface Judgement {
  readonly verdict: "promote" | "hold" | "take_back";
  readonly reasons: readonly RollOutReason[];
}

interface Finding extends Pick<Judgement, "verdict"> {
  readonly reason: RollOutReason;
}

type Criterion = (rule: RollOutRule, before: WatchedRevision, candidate: WatchedRevision) => Finding | undefined;

/**
 * Takes a roll-out back where one criterion says so; else holds it where one does; else promotes it. What is not known
 * of both revisions holds it, so that nothing is promoted unseen.
 */
export function judgeRollOut(rule: RollOutRule, { before, candidate }: WatchedRollOut): Judgement {
  if (before === undefined) return { verdict: "hold", reasons: [reasonOf("no_revision_before")] };
  const findings = criteria.flatMap((criterion) => criterion(rule, before, candidate) ?? []);
  const verdict =
    (["take_back", "hold"] as const).find((worst) => findings.some((finding) => finding.verdict === worst)) ??
    "promote";
  return { verdict, reasons: findings.filter((finding) => finding.verdict === verdict).map(({ reason }) => reason) };
}

/** Taken back as soon as so many failed that the least number of requests could not excuse them. */
const failures: Criterion = ({ failure_points_max: points, requests_min: least }, before, candidate) => {
  const permitted = rateOf(before) + points / 100;
  const reason = {
    code: "failures",
    value: candidate.failed,
    of: candidate.requests,
    before: before.failed,
    before_of: before.requests,
  } as const;
  const isTooMany = candidate.failed > permitted * Math.max(candidate.requests, least);
  return { verdict: isTooMany ? "take_back" : "promote", reason };
};

const requests: Criterion = ({ requests_min: least }, _, candidate) => {
  const isEnough = candidate.requests >= least;
  const reason = { ...reasonOf("requests", candidate.requests), of: least };
  return { verdict: isEnough ? "promote" : "hold", reason };
};

const durations: Criterion = ({ p95_ratio_max: ratio, requests_min: least }, before, candidate) => {
  if (candidate.requests < least) return undefined;
  if (candidate.p95Ms === undefined || before.p95Ms === undefined) {
    return { verdict: "hold", reason: reasonOf("p95_unknown") };
  }
  const reason = reasonOf("p95", candidate.p95Ms, before.p95Ms);
  return { verdict: candidate.p95Ms > ratio * before.p95Ms ? "take_back" : "promote", reason };
};

const recognition: Criterion = ({ recognition_drop_max: most }, before, candidate) =>
  compareReports({ name: "recognition", most, before, candidate, worseBy: (was, is) => was - is });

const bias: Criterion = ({ bias_rise_max: most }, before, candidate) =>
  compareReports({ name: "bias", most, before, candidate, worseBy: (was, is) => is - was });

const criteria: readonly Criterion[] = [failures, requests, durations, recognition, bias];

interface ReportedFigure extends Readonly<Record<"before" | "candidate", WatchedRevision>> {
  readonly name: "recognition" | "bias";
  /** Points; null: it is not compared. */
  readonly most: number | null;
  readonly worseBy: (was: number, is: number) => number;
}

function compareReports({ name, most, before, candidate, worseBy }: ReportedFigure): Finding | undefined {
  if (most === null) return undefined;
  const [was, is] = [before, candidate].map(({ report }) => report?.figures[name]?.value);
  if (was === undefined || is === undefined) {
    return { verdict: "hold", reason: reasonOf(`${name}_unknown`) };
  }
  if (setOf(before) !== setOf(candidate)) {
    return { verdict: "hold", reason: reasonOf(`${name}_of_other_sets`) };
  }
  const verdict = worseBy(was, is) > most ? "take_back" : "promote";
  return { verdict, reason: reasonOf(name, is, was) };
}

function setOf({ report }: WatchedRevision): string {
  return JSON.stringify([report?.set.name, report?.set.pictures, report?.set.held_out]);
}

function rateOf({ requests: all, failed }: ModelFigures): number {
  return all === 0 ? 0 : failed / all;
}

function reasonOf(
  code: RollOutReason["code"],
  value: number | null = null,
  before: number | null = null,
): RollOutReason {
  return { code, value, of: null, before, before_of: null };
}
