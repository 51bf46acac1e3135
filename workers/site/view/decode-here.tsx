import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type DeviceDecode, startDeviceDecode } from "../state/device.ts";
import { latentOf } from "../state/latents.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";
import { DevicePicture } from "./device-picture.tsx";
import { pixelsOf, psnr } from "./pixels-canvas.tsx";

/** The picture again, made on this device from its latent alone, beside how near it comes to the server's. */
export function DecodeHere({ latentId, file, format, prompt }: Result) {
  const { device: texts, result } = words.value;
  const decode = useSignal<DeviceDecode>({ state: "loading", share: 0 });
  const decibels = useSignal<number | undefined>(undefined);

  useEffect(() => {
    let isCurrent = true;
    void latentOf(latentId).then(
      async ({ file: latent }) => {
        const { progress, finished } = startDeviceDecode(latent);
        const unfollow = progress.subscribe((value) => {
          if (isCurrent) decode.value = value;
        });
        await finished;
        unfollow();
        if (decode.value.state === "done") decibels.value = psnr(decode.value.pixels, await pixelsOf(file));
      },
      (error: unknown) => {
        if (isCurrent) decode.value = { state: "failed", error };
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [latentId, file, decode, decibels]);

  return (
    <div class="panel">
      <p class="help">{texts.help}</p>
      <DevicePicture decode={decode.value} label={result.alt(prompt)} />
      <p class="figure" data-testid="nearness">
        {decibels.value !== undefined && nearnessText(decibels.value)}{" "}
        {decibels.value !== undefined && format !== "png" && texts.lossy}
      </p>
    </div>
  );
}

function nearnessText(decibels: number): string {
  const { device: texts } = words.value;
  return Number.isFinite(decibels) ? texts.psnr(decibels.toFixed(1)) : texts.equal;
}
