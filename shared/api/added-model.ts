import { z } from "zod";
import { type Failure, invalidRequest } from "../errors.ts";
import { priceFactorMax, priceFactorMin } from "../limits.ts";
import { type Manifest, parseManifest } from "../models/manifest.ts";
import { requestFault } from "../request-fault.ts";
import { err, ok, type Result } from "../result.ts";
import { modelItemSchema } from "./models-list.ts";

/** The body of `PUT /v1/admin/models`: the two files of a bundle that the edge needs. */
export const addModelBodySchema = z.strictObject({
  manifest: z.record(z.string(), z.unknown()).describe("The bundle's model.json."),
  tokenizer: z.string().describe("The text of the bundle's tokenizer.json, byte for byte."),
  price_factor: z
    .number()
    .min(priceFactorMin)
    .max(priceFactorMax)
    .default(1)
    .describe("How many times the price book's price generation, decoding and encoding cost."),
});

/** A model that is to be added. */
export interface AddModelRequest {
  readonly manifest: Manifest;
  /** As it was sent. */
  readonly manifestText: string;
  readonly tokenizer: string;
  readonly priceFactor: number;
}

/** Reads the body of `PUT /v1/admin/models`. Fails with `invalid_request` naming the field. */
export function parseAddModelRequest(json: unknown): Result<AddModelRequest, Failure> {
  const parsed = addModelBodySchema.safeParse(json);
  if (!parsed.success) return err(requestFault(parsed.error, json));
  const manifest = parseManifest(parsed.data.manifest);
  if (!manifest.ok) {
    return err(invalidRequest("manifest", `'manifest' is not a manifest: ${manifest.error.problems.join("; ")}.`));
  }
  const { tokenizer, price_factor: priceFactor } = parsed.data;
  return ok({ manifest: manifest.value, manifestText: JSON.stringify(parsed.data.manifest), tokenizer, priceFactor });
}

/** A revision of a model as its operator sees it. */
export const offeredModelSchema = modelItemSchema
  .unwrap()
  .extend({
    added: z.iso.datetime().nullable().describe("Null: the service was built with it."),
    offered: z.boolean().describe("False: requests cannot name it; its latents are still decoded."),
  })
  .readonly()
  .meta({ id: "OfferedModel" });

/** A revision of a model as its operator sees it. */
export type OfferedModel = z.infer<typeof offeredModelSchema>;
