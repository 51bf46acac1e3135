import { describe, expect, test } from "vitest";
import { parseKpi } from "../../../shared/models/kpi.ts";
import tiny from "../../support/models/tiny/kpi.json" with { type: "json" };

describe("the figures of a bundle", () => {
  test("are read as the report in Python writes them", () => {
    expect(parseKpi(tiny)).toMatchObject({ model: "Tiny", figures: { bias: { value: 0, outcome: "met" } } });
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
