import { z } from "zod";

/** How a figure stands to its threshold. "unsure": its range holds the threshold; "unknown": it was not measured. */
const outcomeSchema = z.enum(["met", "missed", "unsure", "unknown"]);

const figureSchema = z
  .object({
    value: z.number(),
    /** Of pictures. */
    count: z.int().min(0),
    /** With `high`: 95 % confidence. Null: no honest range is known. */
    low: z.number().nullable(),
    high: z.number().nullable(),
    /** Null: the report sets none for this figure. */
    threshold: z.number().nullable(),
    outcome: outcomeSchema.nullable(),
  })
  .readonly();

const kpiSchema = z
  .object({
    format: z.literal("wuerstchen-edge/kpi@1"),
    model: z.string(),
    revision: z.string(),
    date: z.string(),
    set: z.object({ name: z.string(), pictures: z.int(), held_out: z.int() }).readonly(),
    /** Recognition that guessing gives, in per cent. */
    chance: z.number(),
    verdict: outcomeSchema,
    figures: z.record(z.string(), figureSchema).readonly(),
    /** Per cent recognised, by attribute and group. */
    groups: z.record(z.string(), z.record(z.string(), z.number()).readonly()).readonly(),
    /** Figure → the reason for which it was not measured. */
    left_out: z.record(z.string(), z.string()).readonly(),
  })
  .readonly();

/** What a service keeps of a report, beside the model that it is on: without its groups. */
export const modelReportSchema = kpiSchema
  .unwrap()
  .pick({ revision: true, date: true, set: true, verdict: true, figures: true })
  .readonly();

/** See `modelReportSchema`. */
export type ModelReport = z.infer<typeof modelReportSchema>;

/** The file of a bundle's folder that holds its report in figures; no part of the revision, and it may be missing. */
export const kpiFile = "kpi.json";

/** A report on a bundle in a page's worth of figures, as `wuerstchen.evaluate` writes it. */
export type Kpi = z.infer<typeof kpiSchema>;

/** One of its figures. */
export type KpiFigure = z.infer<typeof figureSchema>;

/** Reads a bundle's figures; undefined when they are of another form. */
export function parseKpi(json: unknown): Kpi | undefined {
  return kpiSchema.safeParse(json).data;
}

/**
 * What a report says is missed, a phrase each: "restoration is 6.31, the threshold 25". None unless its verdict is that
 * something is.
 */
export function missedThresholds({ verdict, figures }: Pick<Kpi, "verdict" | "figures">): readonly string[] {
  if (verdict !== "missed") return [];
  const missed = Object.entries(figures).filter(([, { outcome }]) => outcome === "missed");
  if (missed.length === 0) return ["its report says so, and names no figure"];
  return missed.map(([name, { value, threshold }]) => `${name} is ${shortly(value)}, the threshold ${threshold}`);
}

/** Four digits are more than a report is sure of. */
function shortly(value: number): number {
  return Number(value.toPrecision(4));
}
