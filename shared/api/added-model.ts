import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { priceFactorMax, priceFactorMin } from "../limits.ts";
import { type Kpi, modelReportSchema, parseKpi } from "../models/kpi.ts";
import { type Manifest, parseManifest } from "../models/manifest.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { modelItemSchema } from "./models-list.ts";
import { type RollOutRequest, readRollOut, rollOutBodySchema, rollOutSchema } from "./roll-out.ts";

/** The body of `PUT /v1/admin/models`: the two files of a bundle that the edge needs, and its report. */
export const addModelBodySchema = z.strictObject({
  manifest: z.record(z.string(), z.unknown()).describe("The bundle's model.json."),
  tokenizer: z.string().describe("The text of the bundle's tokenizer.json, byte for byte."),
  price_factor: z
    .number()
    .min(priceFactorMin)
    .max(priceFactorMax)
    .default(1)
    .describe("How many times the price book's price generation, decoding and encoding cost."),
  kpi: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("The bundle's kpi.json. If its verdict is that a threshold is missed, the model is refused."),
  roll_out: rollOutBodySchema
    .optional()
    .describe("It takes this share, and the id alone goes on to mean the revision before. Absent: it means this one."),
  force: z.boolean().default(false).describe("Offers a model although its report misses a threshold."),
});

/** A model that is to be added. */
export interface AddModelRequest {
  readonly manifest: Manifest;
  /** As it was sent. */
  readonly manifestText: string;
  readonly tokenizer: string;
  readonly priceFactor: number;
  /** Of this very revision; undefined: none was sent. */
  readonly kpi: Kpi | undefined;
  /** Undefined: it is offered in full. */
  readonly rollOut: RollOutRequest | undefined;
  /** Whether it is to be added although its report misses a threshold. */
  readonly force: boolean;
}

/** Reads the body of `PUT /v1/admin/models`. Fails with `invalid_request` naming the field. */
export function parseAddModelRequest(json: unknown): Result<AddModelRequest, Failure> {
  const parsed = addModelBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const manifest = parseManifest(parsed.data.manifest);
  if (!manifest.ok) {
    return err(invalidRequest("manifest", `'manifest' is not a manifest: ${manifest.error.problems.join("; ")}.`));
  }
  const kpi = parsed.data.kpi && readReport("kpi", parsed.data.kpi, manifest.value.revision);
  if (kpi?.ok === false) return kpi;
  const rollOut = parsed.data.roll_out && readRollOut(parsed.data.roll_out);
  if (rollOut?.ok === false) return rollOut;
  const { tokenizer, price_factor: priceFactor, force } = parsed.data;
  const manifestText = JSON.stringify(parsed.data.manifest);
  const order = { kpi: kpi?.value, rollOut: rollOut?.value, force };
  return ok({ manifest: manifest.value, manifestText, tokenizer, priceFactor, ...order });
}

/** Reads a report on a revision. Fails with `invalid_request` naming the field. */
function readReport(field: string, json: unknown, revision: string): Result<Kpi, Failure> {
  const kpi = parseKpi(json);
  if (kpi === undefined) {
    return err(invalidRequest(field, `'${field}' is of another form than wuerstchen.evaluate writes.`));
  }
  if (kpi.revision !== revision) {
    return err(invalidRequest(field, `'${field}' is a report on revision ${kpi.revision}, and not on ${revision}.`));
  }
  return ok(kpi);
}

/** A revision of a model as its operator sees it. */
export const offeredModelSchema = modelItemSchema
  .unwrap()
  .extend({
    added: z.iso.datetime().nullable().describe("Null: the service was built with it."),
    offered: z.boolean().describe("False: requests cannot name it; its latents are still decoded."),
    report: modelReportSchema
      .meta({ id: "ModelReport" })
      .nullable()
      .describe("What its own report (kpi.json) says of it; null: it came without one."),
    roll_out: rollOutSchema
      .nullable()
      .describe("While it takes a share of its id's requests; null: it is not rolled out."),
    forced: z.boolean().describe("True: it was offered although its report misses a threshold."),
  })
  .readonly()
  .meta({ id: "OfferedModel" });

/** A revision of a model as its operator sees it. */
export type OfferedModel = z.infer<typeof offeredModelSchema>;
