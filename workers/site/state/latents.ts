import { send } from "../api/client.ts";
import { readLatentFile } from "../decoder/decoder.ts";
import type { LatentView } from "../decoder/messages.ts";
import { apiKey } from "./session.ts";

/** A stored latent: its file and what that holds. */
export interface StoredLatent {
  readonly file: Uint8Array<ArrayBuffer>;
  readonly view: LatentView;
}

const known = new Map<string, Promise<StoredLatent>>();

/** A latent by its id, fetched once a tab: some 2 KB. Rejects with `ApiError` or `DecoderError`. */
export function latentOf(id: string): Promise<StoredLatent> {
  const found = known.get(id);
  if (found !== undefined) return found;
  const fetched = fetchLatent(id);
  known.set(id, fetched);
  fetched.catch(() => known.delete(id));
  return fetched;
}

async function fetchLatent(id: string): Promise<StoredLatent> {
  const response = await send({ method: "GET", path: `/v1/latents/${id}` }, { key: apiKey.value });
  const file = new Uint8Array(await response.arrayBuffer());
  return { file, view: await readLatentFile(file) };
}
