import type { Failure } from "../../shared/errors.ts";
import { toHex } from "../../shared/hex.ts";
import { sha256 } from "../../shared/hmac.ts";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import { derivedLatentKey } from "../../shared/latents/latent-key.ts";
import { checkLatentFile } from "../../shared/models/latent-file.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { ok, type Result } from "../../shared/result.ts";
import type { LatentCache } from "../latents/latent-cache.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { latentBytes, storageLine, sumMicroUsd } from "../prices/price-book.ts";
import type { Caller } from "./caller.ts";
import { type ChargingServices, reserveCeiling, settleOrRelease } from "./charge-request.ts";

/** What keeping a latent from outside takes. */
export interface UploadServices extends ChargingServices {
  readonly latents: LatentCache;
  readonly models: ModelRegistry;
}

/** A latent that is kept now. */
export interface UploadedLatent {
  readonly id: string;
  readonly manifest: Manifest;
  /** "WIDTHxHEIGHT" in pixels. */
  readonly size: string;
  /** False when the account had it already, which costs nothing. */
  readonly isNew: boolean;
  readonly chargedMicroUsd: number;
}

/** The model that a file names; the default, by which it is refused then, if it is none of ours. */
async function modelOf(models: ModelRegistry, file: Uint8Array): Promise<Manifest> {
  const { metadata } = describeLatent(file) ?? {};
  return (metadata && (await models.manifestOf(metadata.revision))) ?? models.default.manifest;
}

/** Checks a latent file, keeps it under an id that its content decides, and charges for its place. */
export async function uploadLatent(
  services: UploadServices,
  caller: Caller,
  file: Uint8Array<ArrayBuffer>,
): Promise<Result<UploadedLatent, Failure>> {
  const { latents, models, latentKeySecret } = services;
  const manifest = await modelOf(models, file);
  const checked = checkLatentFile(manifest, file);
  if (!checked.ok) return checked;
  const { bytes, size, seed } = checked.value;
  const shape = latentShapeFor(manifest, size);
  if (!shape.ok) return shape;
  const { account } = caller;
  const digest = toHex(await sha256(bytes));
  const id = await derivedLatentKey(latentKeySecret, { kind: "upload", digest }, account);
  if ((await latents.find(id)) !== undefined) return ok({ id, manifest, size, isNew: false, chargedMicroUsd: 0 });

  const lines = [storageLine(id, { latentShape: shape.value })];
  const request = { kind: "upload-latent", latentId: id };
  const ceilingMicroUsd = sumMicroUsd(lines);
  const reserved = await reserveCeiling(services, {
    caller,
    request,
    ceilingMicroUsd,
    latentForm: { model: manifest.id, revision: manifest.revision, size },
    seeds: [],
    // What was deleted since is stored anew, and its place paid for anew.
    paysAgain: true,
  });
  if (!reserved.ok) return reserved;
  const latentsOf = () => [{ latentId: id, seed, bytes: latentBytes(shape.value) }];
  const held = { account, reservation: reserved.value, signal: caller.signal, latentsOf };
  const paid = await settleOrRelease(services, held, async () => {
    // Of requests that bring the same file at once, one pays.
    const isNew = await latents.putFirst(id, { bytes, account });
    return ok([{ isNew, lines: isNew ? lines : [] }]);
  });
  if (!paid.ok) return paid;
  const { items, settlement } = paid.value;
  return ok({
    id,
    manifest,
    size,
    isNew: items.some(({ isNew }) => isNew),
    chargedMicroUsd: settlement.chargedMicroUsd,
  });
}
