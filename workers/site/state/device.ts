import { signal } from "@preact/signals";
import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { decodeLatentFile } from "../decoder/decoder.ts";

/** How far a decode on this device is. */
export type DeviceDecode =
  | { readonly state: "loading"; readonly share: number }
  | { readonly state: "working"; readonly preview: Pixels | undefined; readonly share: number }
  | { readonly state: "done"; readonly pixels: Pixels; readonly milliseconds: number }
  | { readonly state: "failed"; readonly error: unknown };

/** A decode that a page can show while it runs. */
export function startDeviceDecode(file: Uint8Array<ArrayBuffer>) {
  const progress = signal<DeviceDecode>({ state: "loading", share: 0 });
  let preview: Pixels | undefined;
  const finished = decodeLatentFile(file, (news) => {
    if (news.kind === "loading") progress.value = { state: "loading", share: news.loadedBytes / news.totalBytes };
    if (news.kind === "preview") {
      preview = news.pixels;
      progress.value = { state: "working", preview, share: 0 };
    }
    if (news.kind === "step") progress.value = { state: "working", preview, share: news.step / news.steps };
  }).then(
    (picture) => {
      progress.value = { state: "done", ...picture };
    },
    (error: unknown) => {
      progress.value = { state: "failed", error };
    },
  );
  return { progress, finished };
}
