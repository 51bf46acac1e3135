import type { SamplerStart } from "../../shared/diffusion/sampler.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeLatent } from "../../shared/latents/latent-format.ts";
import type { StageCRequest } from "../../shared/wire/stage-c.ts";

/** What a checked request starts from; undefined: pure noise. */
export function readStart({ start, latentShape }: Omit<StageCRequest, "seeds">): SamplerStart | undefined {
  if (start === undefined) return undefined;
  const decoded = decodeLatent(Buffer.from(start.latent, "base64"));
  if (!decoded.ok) throw new AppError(`A latent cannot be read: ${decoded.error.message}`);
  const { strength, mask } = start;
  return {
    latent: decoded.value.values,
    strength,
    mask: mask === undefined ? undefined : spread(mask, latentShape[0]),
  };
}

/** A mask of cells, the same for every channel: (channels, height, width). */
function spread(cells: string, channels: number): Uint8Array {
  const plane = Uint8Array.from(cells, Number);
  const mask = new Uint8Array(channels * plane.length);
  for (let channel = 0; channel < channels; channel += 1) mask.set(plane, channel * plane.length);
  return mask;
}
