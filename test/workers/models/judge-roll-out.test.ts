import { describe, expect, test } from "vitest";
import { type RollOutRule, rollOutRuleSchema } from "../../../shared/api/roll-out.ts";
import { englishReasons, type RollOutReason, reasonText } from "../../../shared/api/roll-out-reason.ts";
import type { ModelReport } from "../../../shared/models/kpi.ts";
import { judgeRollOut, type WatchedRevision } from "../../../workers/models/judge-roll-out.ts";

/** 100 requests; 1 point of failures; half as long again; 5 points of recognition and bias. */
const rule = rollOutRuleSchema.parse({});

function report(recognition: number, bias: number, set = "pots"): ModelReport {
  const figure = (value: number) => ({ value, count: 9, low: null, high: null, threshold: null, outcome: null });
  return {
    revision: "one",
    date: "2026-11-27",
    set: { name: set, pictures: 60, held_out: 6 },
    verdict: "met",
    figures: { recognition: figure(recognition), bias: figure(bias) },
  };
}

const none = { value: null, of: null, before: null, before_of: null };
const good: WatchedRevision = { requests: 1_000, failed: 10, p95Ms: 200, report: report(50, 10) };

function judge(candidate: Partial<WatchedRevision>, others: { before?: object; rule?: Partial<RollOutRule> } = {}) {
  const watched = { before: { ...good, ...others.before }, candidate: { ...good, ...candidate } };
  return judgeRollOut({ ...rule, ...others.rule }, watched);
}

describe("a roll-out", () => {
  test("is promoted when enough requests were served as well as before, up to each threshold", () => {
    const atThresholds = { requests: 100, failed: 2, p95Ms: 300, report: report(45, 15) };
    const judged = judge(atThresholds);
    expect(judged.verdict).toBe("promote");
    expect(judged.reasons.map((reason) => reasonText(englishReasons, reason))).toEqual([
      "2 of 100 requests failed, of the revision before 10 of 1000 requests",
      "100 of 100 requests were counted",
      "p95 is 300 ms, of the revision before 200 ms",
      "recognition is 45 %, of the revision before 50 %",
      "bias is 15 points, of the revision before 10 points",
    ]);
  });

  test.each<[string, Partial<WatchedRevision>, Partial<RollOutReason>]>([
    ["more of its requests fail", { requests: 100, failed: 3 }, { code: "failures", value: 3, of: 100, before: 10 }],
    ["its requests take longer", { p95Ms: 301 }, { code: "p95", value: 301, before: 200 }],
    ["the judge recognises less", { report: report(44.9, 10) }, { code: "recognition", value: 44.9, before: 50 }],
    ["its groups differ more", { report: report(50, 15.1) }, { code: "bias", value: 15.1, before: 10 }],
  ])("is taken back when %s than before, and says so alone", (_, candidate, reason) => {
    expect(judge(candidate)).toEqual({ verdict: "take_back", reasons: [expect.objectContaining(reason)] });
  });

  test("is taken back before enough requests were counted, once they could not make up for its failures", () => {
    expect(judge({ requests: 2, failed: 2 }).verdict).toBe("hold");
    expect(judge({ requests: 3, failed: 3 }).verdict).toBe("take_back");
    // By its report without a single request.
    expect(judge({ requests: 0, failed: 0, report: report(20, 10) }).verdict).toBe("take_back");
  });

  test("is held until enough requests were counted, however they went", () => {
    const held = judge({ requests: 99, failed: 0, p95Ms: 900 });
    expect(held).toEqual({ verdict: "hold", reasons: [{ ...none, code: "requests", value: 99, of: 100 }] });
  });

  test.each<[string, Partial<WatchedRevision>, object]>([
    ["the report of either revision", { report: undefined }, {}],
    ["the report of either revision", {}, { report: undefined }],
    ["how long requests took before", {}, { p95Ms: undefined }],
    ["figures of the same set", { report: report(50, 10, "pans") }, {}],
  ])("is held without %s", (_, candidate, before) => {
    expect(judge(candidate, { before }).verdict).toBe("hold");
  });

  test("is held while there is no revision before it", () => {
    expect(judgeRollOut(rule, { before: undefined, candidate: good }).verdict).toBe("hold");
  });

  test("is not compared by what the rule leaves out", () => {
    const blind = { recognition_drop_max: null, bias_rise_max: null };
    expect(judge({ report: undefined }, { rule: blind }).verdict).toBe("promote");
    expect(judge({ report: report(1, 90) }, { rule: blind }).verdict).toBe("promote");
  });
});
