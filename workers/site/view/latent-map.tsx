import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { LatentView } from "../decoder/messages.ts";
import { latentOf } from "../state/latents.ts";
import type { Result } from "../state/results.ts";
import { words } from "../words/words.ts";
import { bytesText } from "./money.ts";

/** The latent of a picture: its channels as small maps, and its size beside the picture's. */
export function LatentMap({ latentId, file: picture }: Result) {
  const { result: texts } = words.value;
  const latent = useSignal<{ readonly id: string; readonly bytes: number; readonly view: LatentView } | undefined>(
    undefined,
  );
  useEffect(() => {
    // A key without the scope `latents` sees the picture and no map.
    latentOf(latentId).then(
      ({ file, view }) => {
        latent.value = { id: latentId, bytes: file.length, view };
      },
      () => {},
    );
  }, [latentId, latent]);

  const shown = latent.value?.id === latentId ? latent.value : undefined;
  const channels = shown?.view.shape[0] ?? 16;
  return (
    <div class="latent">
      <h3>
        {texts.latent} <span class="total">{shown === undefined ? "" : bytesText(shown.bytes)}</span>
      </h3>
      <div class="latent-map">{shown !== undefined && <LatentMaps {...shown.view} label={texts.latent} />}</div>
      <p class="help">{texts.latentHelp(channels)}</p>
      <div class="sizes">
        <SizeBar label={texts.latentBytes} bytes={shown?.bytes} of={picture.size} />
        <SizeBar label={texts.pictureBytes} bytes={picture.size} of={picture.size} />
      </div>
    </div>
  );
}

interface SizeBarProps {
  readonly label: string;
  readonly bytes: number | undefined;
  readonly of: number;
}

function SizeBar({ label, bytes, of }: SizeBarProps) {
  return (
    <div class="size-bar">
      <span>{label}</span>
      <span class="bar" style={{ width: `${Math.min(100, ((bytes ?? 0) / of) * 100)}%` }} />
      <span class="figure">{bytes === undefined ? "" : bytesText(bytes)}</span>
    </div>
  );
}

const columns = 8;
const gap = 1;

/** Channels from the upper left, eight a row; zero is grey, and colour says sign and magnitude. */
export function LatentMaps({ shape, values, label }: LatentView & { readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [channels, height, width] = shape;
  const [canvasWidth, canvasHeight] = [
    columns * (width + gap) - gap,
    Math.ceil(channels / columns) * (height + gap) - gap,
  ];
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.clearRect(0, 0, canvasWidth, canvasHeight);
    for (let channel = 0; channel < channels; channel += 1) {
      const plane = values.subarray(channel * height * width, (channel + 1) * height * width);
      const place = [(channel % columns) * (width + gap), Math.floor(channel / columns) * (height + gap)] as const;
      context?.putImageData(mapOf(plane, width, height), ...place);
    }
  }, [values, channels, height, width, canvasWidth, canvasHeight]);
  return <canvas ref={canvas} role="img" aria-label={label} width={canvasWidth} height={canvasHeight} />;
}

const negative = [26, 92, 99];
const zero = [236, 231, 222];
const positive = [189, 106, 0];

/** One channel, each cell a pixel, its own largest magnitude the strongest colour. */
function mapOf(plane: Float32Array, width: number, height: number): ImageData {
  const peak = plane.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-6);
  const image = new ImageData(width, height);
  plane.forEach((value, cell) => {
    const share = Math.abs(value) / peak;
    const colour = value < 0 ? negative : positive;
    const mixed = zero.map((from, i) => from + share * ((colour[i] ?? 0) - from));
    image.data.set([...mixed, 255], 4 * cell);
  });
  return image;
}
