import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { sha256 } from "../../shared/hmac.ts";
import type { Model, PricedManifest } from "../models/model.ts";
import type { ModelRegistry } from "../models/registry.ts";
import { ceilingMicroUsdOf, measureRequest } from "./measure-request.ts";

/** Whose request it is, and the model that it gets if it is not moved. */
export interface MovableRequest {
  readonly request: CreateImageRequest;
  readonly account: string;
  readonly base: Model;
}

/**
 * The revision under roll-out that a request goes to; undefined: it stays. Only unseeded requests from a text move,
 * that name an id alone, and none that the other revision cannot do or that it would make dearer: so prices that were
 * quoted or held by the one hold for both. An account's prompt always goes the same way, and a growing share only moves
 * more.
 */
export async function movedModel(
  models: Pick<ModelRegistry, "candidateFor">,
  { request, account, base }: MovableRequest,
): Promise<Model | undefined> {
  if (request.seed !== undefined || request.start !== undefined) return undefined;
  const candidate = await models.candidateFor(request.model, base.manifest);
  if (candidate === undefined || candidate.share === 0) return undefined;
  const { manifest } = candidate;
  if (manifest.revision === base.manifest.revision || isDearer(manifest, base.manifest, request)) return undefined;
  const place = await placeOf([account, manifest.revision, request.prompt, request.negativePrompt]);
  return place < candidate.share ? candidate.load() : undefined;
}

/** Whether a revision would make a request cost more than another one does, or cannot do it at all. */
export function isDearer(manifest: PricedManifest, than: PricedManifest, request: CreateImageRequest): boolean {
  const [measured, other] = [measureRequest(manifest, request), measureRequest(than, request)];
  return !measured.ok || (other.ok && ceilingMicroUsdOf(measured.value) > ceilingMicroUsdOf(other.value));
}

/** Evenly from 0 to 100, and always the same for the same parts. */
async function placeOf(parts: readonly string[]): Promise<number> {
  const digest = await sha256(new TextEncoder().encode(JSON.stringify(parts)));
  return (new DataView(digest.buffer).getUint32(0) / 2 ** 32) * 100;
}
