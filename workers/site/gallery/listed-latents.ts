import { signal } from "@preact/signals";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import type { LatentList, ListedLatent } from "../../../shared/api/latent-list.ts";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { send, sendForJson } from "../api/client.ts";
import { previewLatentFile } from "../decoder/decoder.ts";
import { type DeviceDecode, startDeviceDecode } from "../state/device.ts";
import { latentOf } from "../state/latents.ts";
import { fileOf } from "../state/results.ts";
import { apiKey, refreshBalance } from "../state/session.ts";

/** What is shown of a latent's picture: the server's file, or a decode of this device. */
export type ShownPicture =
  | { readonly by: "server"; readonly url: string; readonly microUsd: number }
  | { readonly by: "device"; readonly decode: DeviceDecode }
  | { readonly by: "failure"; readonly error: unknown };

/** The latents that were listed so far, newest first; undefined: no page has come yet. */
export const listed = signal<readonly ListedLatent[] | undefined>(undefined);

/** Where the next page begins; null: there is none. */
export const nextCursor = signal<string | null>(null);

/** Why the list could not be read. */
export const listFault = signal<unknown>(undefined);

/** Latent id → what is shown of it; those that nobody asked for are not in it. */
export const shownPictures = signal<ReadonlyMap<string, ShownPicture>>(new Map());

/** Latent id → a rough picture of it, made on this device. */
export const previews = signal<ReadonlyMap<string, Pixels>>(new Map());

/** Each costs a request for its map, of some 2 KB. */
const pageEntries = 24;

/** Reads the newest latents, and forgets those of another key. */
export async function loadFirstPage(): Promise<void> {
  listed.value = undefined;
  shownPictures.value = new Map();
  previews.value = new Map();
  if (apiKey.value !== undefined) await loadPage("");
}

/** Reads the page after those that are listed. */
export async function loadOlder(): Promise<void> {
  if (nextCursor.value !== null) await loadPage(`&cursor=${nextCursor.value}`);
}

async function loadPage(cursor: string): Promise<void> {
  try {
    const request = { method: "GET", path: `/v1/latents?limit=${pageEntries}${cursor}` } as const;
    const page = await sendForJson<LatentList>(request, { key: apiKey.value });
    listed.value = [...(listed.value ?? []), ...page.data];
    nextCursor.value = page.next_cursor;
    listFault.value = undefined;
  } catch (error) {
    listFault.value = error;
  }
}

/**
 * Makes rough pictures of the latents that are listed, one after the other, so that a decode need not wait for all of
 * them. First all maps, because the runtime of the previewer takes a while to load. Not where a person saves data.
 */
export async function previewListed(): Promise<void> {
  if (savesData()) return;
  const latents = (listed.value ?? []).filter(({ id, price }) => price !== null && !previews.value.has(id));
  await Promise.allSettled(latents.map(({ id }) => latentOf(id)));
  for (const { id } of latents) {
    try {
      const { pixels } = await previewLatentFile((await latentOf(id)).file);
      previews.value = new Map(previews.value).set(id, pixels);
    } catch {
      // Its maps stay.
    }
  }
}

/** Chromium alone tells. */
function savesData(): boolean {
  const { connection } = navigator as { readonly connection?: { readonly saveData?: boolean } };
  return connection?.saveData === true;
}

/** Has the server make a latent's picture again, for the price of a hit and at most of a decode. */
export async function showFromServer(id: string): Promise<void> {
  try {
    const request = { method: "POST", path: `/v1/latents/${id}/decode`, body: {} } as const;
    const answer = await sendForJson<ImagesResponse>(request, { key: apiKey.value });
    const item = answer.data[0];
    if (item === undefined || !("b64_json" in item)) return;
    const url = URL.createObjectURL(fileOf(item.b64_json, answer.output_format));
    show(id, { by: "server", url, microUsd: answer.usage.cost.micro_usd });
  } catch (error) {
    show(id, { by: "failure", error });
  }
  await refreshBalance();
}

/** Makes a latent's picture on this device. */
export async function showFromDevice(id: string): Promise<void> {
  try {
    const { progress, finished } = startDeviceDecode((await latentOf(id)).file);
    const unfollow = progress.subscribe((decode) => show(id, { by: "device", decode }));
    await finished;
    unfollow();
  } catch (error) {
    show(id, { by: "failure", error });
  }
}

/** Deletes a latent and its pictures. */
export async function deleteLatent(id: string): Promise<void> {
  try {
    await send({ method: "DELETE", path: `/v1/latents/${id}` }, { key: apiKey.value });
    listed.value = listed.value?.filter((latent) => latent.id !== id);
  } catch (error) {
    show(id, { by: "failure", error });
  }
}

function show(id: string, picture: ShownPicture): void {
  const before = shownPictures.value.get(id);
  if (before?.by === "server") URL.revokeObjectURL(before.url);
  shownPictures.value = new Map(shownPictures.value).set(id, picture);
}
