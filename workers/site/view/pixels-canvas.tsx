import { useEffect, useRef } from "preact/hooks";
import { channelsOf, onWhite, type Pixels } from "../../../shared/decoding/pixels.ts";

/** A picture that was made on this device. */
export function PixelsCanvas({ pixels, label }: { readonly pixels: Pixels; readonly label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    canvas.current?.getContext("2d")?.putImageData(imageDataOf(pixels), 0, 0);
  }, [pixels]);
  return <canvas ref={canvas} role="img" aria-label={label} width={pixels.width} height={pixels.height} />;
}

function imageDataOf(pixels: Pixels): ImageData {
  const { width, height, data } = pixels;
  const channels = channelsOf(pixels);
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    image.data[4 * pixel + 3] = 255;
    image.data.set(data.subarray(channels * pixel, channels * (pixel + 1)), 4 * pixel);
  }
  return image;
}

/**
 * Peak signal-to-noise ratio of two pictures of one size in decibels, as they look on white: what is nearly transparent
 * has hardly a colour, and a canvas rounds it. Infinite when they are equal.
 */
export function psnr(a: Pixels, b: Pixels): number {
  const [first, second] = [onWhite(a).data, onWhite(b).data];
  const squares = first.reduce((sum, value, i) => sum + (value - (second[i] ?? 0)) ** 2, 0);
  return 10 * Math.log10(255 ** 2 / (squares / first.length));
}

/** The pixels of a picture file, with alpha if anything in it is transparent. Rejects when it is none. */
export async function pixelsOf(file: Blob): Promise<Pixels> {
  const bitmap = await createImageBitmap(file);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext("2d");
  context?.drawImage(bitmap, 0, 0);
  const rgba = context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? new Uint8ClampedArray();
  const isOpaque = rgba.every((value, i) => i % 4 !== 3 || value === 255);
  const data = Uint8Array.from(isOpaque ? rgba.filter((_, i) => i % 4 !== 3) : rgba);
  return { width: bitmap.width, height: bitmap.height, data };
}
