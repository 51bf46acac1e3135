import { describe, expect, test } from "vitest";
import { type Kpi, missedThresholds, parseKpi } from "../../../shared/models/kpi.ts";
import tiny from "../../support/models/tiny/kpi.json" with { type: "json" };

describe("the figures of a bundle", () => {
  test("are read as the report in Python writes them", () => {
    expect(parseKpi(tiny)).toMatchObject({ model: "Tiny", figures: { bias: { value: 0, outcome: "met" } } });
  });

  test("say what is missed where their verdict is that something is, figures or not", () => {
    const missed = { value: 6.3131, count: 25, range: [6, 7], threshold: 25, outcome: "missed" };
    const figures = { restoration: missed } as unknown as Kpi["figures"];
    expect(missedThresholds({ verdict: "missed", figures })).toEqual(["restoration is 6.313, the threshold 25"]);
    expect(missedThresholds({ verdict: "missed", figures: {} as Kpi["figures"] })).toHaveLength(1);
    expect(missedThresholds({ verdict: "met", figures })).toEqual([]);
  });

  test.each([
    ["another form", { ...tiny, format: "wuerstchen-edge/kpi@2" }],
    ["a figure without a range", { ...tiny, figures: { recognition: { value: 8, count: 25 } } }],
    ["an unknown outcome", { ...tiny, verdict: "good" }],
    ["nothing", null],
  ])("are refused with %s", (_, json) => {
    expect(parseKpi(json)).toBeUndefined();
  });
});
