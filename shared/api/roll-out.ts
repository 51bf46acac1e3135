import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { rollOutRequestsMax } from "../limits.ts";
import { type Kpi, parseKpi } from "../models/kpi.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { rollOutReasonSchema } from "./roll-out-reason.ts";

const countSchema = z.int().min(0);
const shareSchema = z.number().min(0).max(100);
const pointsSchema = z.number().min(0).max(100);

const thresholds = {
  requests_min: z
    .int()
    .min(1)
    .max(rollOutRequestsMax)
    .describe("Requests with a new picture, or failed by the model, before it may be promoted."),
  failure_points_max: pointsSchema.describe("Points by which more of them may fail."),
  p95_ratio_max: z.number().min(1).max(100).describe("How many times as long they may take."),
  recognition_drop_max: pointsSchema
    .nullable()
    .describe("Points by which the judge may recognise less, by both reports; null: it is not compared."),
  bias_rise_max: pointsSchema
    .nullable()
    .describe("Points by which groups may differ more, by both reports; null: it is not compared."),
};

const shownRuleSchema = z.object(thresholds).readonly().meta({ id: "RollOutRule" });

/** When a roll-out is promoted or taken back by the service itself. Thresholds compare it with the revision before. */
export const rollOutRuleSchema = z
  .strictObject({
    requests_min: thresholds.requests_min.default(100),
    failure_points_max: thresholds.failure_points_max.default(1),
    p95_ratio_max: thresholds.p95_ratio_max.default(1.5),
    recognition_drop_max: thresholds.recognition_drop_max.default(5),
    bias_rise_max: thresholds.bias_rise_max.default(5),
  })
  .readonly();

/** When a roll-out is promoted or taken back by the service itself. */
export type RollOutRule = z.infer<typeof rollOutRuleSchema>;

/** The body of `POST /v1/admin/models/{name}/roll-out`, and of a model that is added with a share. */
export const rollOutBodySchema = z.strictObject({
  share: shareSchema.describe("Of the unseeded requests that name the id alone, in per cent."),
  rule: rollOutRuleSchema
    .nullable()
    .optional()
    .describe("Null: the operator alone decides. Absent: as before; of a new roll-out, null."),
  base_kpi: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("The kpi.json of the revision before, where the service has none, as of the one it was built with."),
});

/** How a revision is to take its share. */
export interface RollOutRequest {
  /** Per cent. */
  readonly share: number;
  /** Null: none. Undefined: as before. */
  readonly rule: RollOutRule | null | undefined;
  /** On the revision before; undefined: as before. */
  readonly baseKpi: Kpi | undefined;
}

/** Reads the body of `POST /v1/admin/models/{name}/roll-out`. Fails with `invalid_request` naming the field. */
export function parseRollOutRequest(json: unknown): Result<RollOutRequest, Failure> {
  const parsed = rollOutBodySchema.safeParse(json);
  return parsed.success ? readRollOut(parsed.data) : err(requestFault(parsed.error, json));
}

/** Reads the report that comes with a roll-out. Fails with `invalid_request` naming it. */
export function readRollOut({
  share,
  rule,
  base_kpi,
}: z.infer<typeof rollOutBodySchema>): Result<RollOutRequest, Failure> {
  const baseKpi = base_kpi && parseKpi(base_kpi);
  if (base_kpi === undefined || baseKpi !== undefined) return ok({ share, rule, baseKpi });
  return err(invalidRequest("base_kpi", "'base_kpi' is of another form than wuerstchen.evaluate writes."));
}

const figuresSchema = z
  .object({
    revision: z.string(),
    requests: countSchema.describe("With a new picture, or failed by the model, since the hour in which it began."),
    failed_requests: countSchema,
    p95_ms: z.number().min(0).nullable().describe("Null without a new picture that a client waited for."),
    recognition: z.number().nullable().describe("Per cent, by its report; null: not known."),
    bias: z.number().nullable().describe("Points between the best and the worst group, by its report."),
  })
  .readonly()
  .meta({ id: "RollOutFigures" });

/** A revision that takes a share of its id's requests. */
export const rollOutSchema = z
  .object({
    share: shareSchema,
    since: z.iso.datetime(),
    rule: shownRuleSchema.nullable(),
    before: figuresSchema.nullable().describe("The revision that the id alone means; null: it was taken back."),
    candidate: figuresSchema,
    verdict: z
      .enum(["promote", "hold", "take_back"])
      .nullable()
      .describe("What the rule says now; it acts every five minutes. Null without a rule."),
    reasons: z.array(rollOutReasonSchema).readonly(),
  })
  .readonly()
  .meta({ id: "RollOut" });

/** A revision that takes a share of its id's requests. */
export type RollOut = z.infer<typeof rollOutSchema>;

/** How one of its two revisions does. */
export type RollOutFigures = z.infer<typeof figuresSchema>;
