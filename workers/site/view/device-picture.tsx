import type { DeviceDecode } from "../state/device.ts";
import { words } from "../words/words.ts";
import { errorText } from "./error-text.ts";
import { PixelsCanvas } from "./pixels-canvas.tsx";

/** A picture as it comes about on this device: files, then the rough one, then the exact one. */
export function DevicePicture({ decode, label }: { readonly decode: DeviceDecode; readonly label: string }) {
  const { device: texts } = words.value;
  return (
    <figure class="picture">
      <div class="frame" style={{ aspectRatio: "1" }}>
        {decode.state === "working" && decode.preview !== undefined && (
          <PixelsCanvas pixels={decode.preview} label={texts.previewLabel} />
        )}
        {decode.state === "done" && <PixelsCanvas pixels={decode.pixels} label={label} />}
      </div>
      <figcaption class="working">
        {(decode.state === "loading" || decode.state === "working") && (
          <progress max={1} value={decode.share} aria-label={texts.open} />
        )}
        <span role="status">{statusOf(decode)}</span>
      </figcaption>
    </figure>
  );
}

function statusOf(decode: DeviceDecode): string {
  const { device: texts } = words.value;
  switch (decode.state) {
    case "loading":
      return texts.loading(`${Math.round(100 * decode.share)} %`);
    case "working":
      return texts.working;
    case "done":
      return texts.done(decode.milliseconds.toFixed(0));
    case "failed":
      return texts.failed(errorText(decode.error));
  }
}
