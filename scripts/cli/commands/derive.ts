import type { Command } from "commander";
import type { Schemas } from "../../../shared/client/calls.ts";
import type { WuerstchenClient } from "../../../shared/client/client.ts";
import type { StreamOptions } from "../../../shared/client/image-stream.ts";
import { imagesPerRequestMax } from "../../../shared/limits.ts";
import { anyNumber, wholeNumber } from "../../command-line.ts";
import { showProgress } from "../../progress.ts";
import { withExamples } from "../help.ts";
import { interruptible } from "../interruptible.ts";
import {
  fromResponse,
  isWithoutPreview,
  type OutputFlags,
  type PreviewFlag,
  withOutputOptions,
  withPreviewOption,
  writePictures,
} from "../pictures.ts";
import { type SamplingFlags, samplingFields, withoutAbsent, withSamplingOptions } from "../sampling-options.ts";
import { type ServiceFlags, useService, withServiceOptions } from "../service.ts";
import { type PictureStream, streamPictures } from "../stream-pictures.ts";
import { readLatentId, readPicture, readSource } from "./picture-sources.ts";

// Pictures from pictures and latents: vary, edit, mix, decode.

type CommonFlags = OutputFlags & ServiceFlags;

interface Strength {
  readonly strength?: string;
}

const startedReuse = ["prefer", "fresh"];
const strengthHelp = "0 to 1: how far the result may leave the original";
const wholeShare = { min: 0, max: 1 };

type VaryFlags = CommonFlags & PreviewFlag & SamplingFlags & Strength & { readonly prompt?: string };

/** `wuerstchen vary`. */
export function addVary(program: Command): void {
  const command = program
    .command("vary")
    .description("Make variations of a picture or of a latent")
    .argument("<source>", "a picture file, or a latent's id")
    .option("--prompt <text>", "what the variation shows")
    .option("--strength <x>", strengthHelp);
  withPreviewOption(withOutputOptions(command));
  withSamplingOptions(command, startedReuse);
  withServiceOptions(command).action((text: string, flags: VaryFlags) =>
    interruptible(async (signal) => {
      const source = readSource(text);
      const fields = startFields(flags);
      await start(flags, { count: fields.n, signal }, (client, shared, options) => {
        const body = { ...fields, ...shared, ...withoutAbsent({ prompt: flags.prompt }) };
        if (source.kind === "latent") return client.latents.streamVary(source.id, body, options);
        return client.images.streamVary({ ...body, image: source.file }, options);
      });
    }),
  );
  withExamples(command, {
    "wuerstchen vary apple.png --strength 0.5 -o other.png": "of a file",
    "wuerstchen vary 9f2c… --n 4": "of a latent, by the id that `generate` printed",
  });
}

type EditFlags = CommonFlags & PreviewFlag & SamplingFlags & Strength & { readonly mask?: string };

/** `wuerstchen edit`. */
export function addEdit(program: Command): void {
  const command = program
    .command("edit")
    .description("Change a picture by a text, everywhere or where a mask says")
    .argument("<picture>", "a PNG, JPEG or WebP file")
    .argument("<prompt>", "what the result shows")
    .option("--mask <file>", "a PNG whose transparent pixels are to change")
    .option("--strength <x>", strengthHelp);
  withPreviewOption(withOutputOptions(command));
  withSamplingOptions(command, startedReuse);
  withServiceOptions(command).action((path: string, prompt: string, flags: EditFlags) =>
    interruptible(async (signal) => {
      const image = readPicture(path);
      const mask = flags.mask === undefined ? undefined : readPicture(flags.mask);
      const fields = startFields(flags);
      await start(flags, { count: fields.n, signal }, (client, shared, options) =>
        client.images.streamEdit({ ...fields, ...shared, image, prompt, ...withoutAbsent({ mask }) }, options),
      );
    }),
  );
  withExamples(command, { 'wuerstchen edit apple.png "green apple, 3D" --mask mask.png -o green.png': "" });
}

type MixFlags = CommonFlags & { readonly at?: string; readonly frames?: string };

/** `wuerstchen mix`. */
export function addMix(program: Command): void {
  const command = program
    .command("mix")
    .description("Decode what lies between two latents")
    .argument("<first>", "a latent's id")
    .argument("<second>", "a latent's id")
    .option("--at <x>", "0 (the first) to 1 (the second)", "0.5")
    .option("--frames <n>", `this many pictures from the first to the second, 2 to ${imagesPerRequestMax}`);
  withOutputOptions(command);
  withServiceOptions(command).action((from: string, to: string, flags: MixFlags) =>
    interruptible(async (signal) => {
      const first = readLatentId(from);
      const latent_id = readLatentId(to);
      const t = placesOf(flags);
      await derive(flags, t.length, (client, { output_format }) =>
        client.latents.interpolate(first, { latent_id, t, ...withoutAbsent({ output_format }) }, { signal }),
      );
    }),
  );
  withExamples(command, {
    "wuerstchen mix 9f2c… 03ab… -o between.png": "half-way",
    "wuerstchen mix 9f2c… 03ab… --frames 5 -o frame.png": "frame-1.png to frame-5.png",
  });
}

/** `wuerstchen decode`. */
export function addDecode(program: Command): void {
  const command = program
    .command("decode")
    .description("Decode a stored latent, or a latent file")
    .argument("<source>", "a latent's id, or a safetensors file, which is stored first");
  withOutputOptions(command);
  withServiceOptions(command).action((text: string, flags: CommonFlags) =>
    interruptible(async (signal) => {
      const source = readSource(text);
      await derive(flags, 1, async (client, { output_format }) => {
        const id = source.kind === "latent" ? source.id : (await client.latents.upload(source.file, { signal })).id;
        return client.latents.decode(id, withoutAbsent({ output_format }), { signal });
      });
    }),
  );
  withExamples(command, {
    "wuerstchen decode 9f2c… -o apple.webp": "the picture of a latent again, in any format",
    "wuerstchen decode latent.safetensors": "a file that GET /v1/latents/{id} returned",
  });
}

/** Runs one request that starts Stage C, shows how far it is, and writes its pictures. */
async function start(
  flags: CommonFlags & PreviewFlag,
  { count, signal }: Pick<PictureStream, "count" | "signal">,
  open: (
    client: WuerstchenClient,
    shared: SharedFields & { readonly partial_images: number },
    options: StreamOptions,
  ) => ReturnType<PictureStream["open"]>,
): Promise<void> {
  await writePictures(flags, count, (output_format) =>
    useService(flags, ({ client, model }) => {
      const shared = { output_format, ...withoutAbsent({ model }) };
      return streamPictures({
        count,
        signal,
        isQuiet: isWithoutPreview(flags),
        open: (previews, options) => open(client, { ...shared, ...previews }, options),
      });
    }),
  );
}

/** Runs one request that only decodes, and writes its pictures. */
async function derive(
  flags: CommonFlags,
  count: number,
  request: (client: WuerstchenClient, shared: SharedFields) => Promise<Schemas["ImagesResponse"]>,
): Promise<void> {
  await writePictures(flags, count, (output_format) =>
    useService(flags, async ({ client, model }) => {
      const progress = showProgress("Making the picture");
      const shared = { output_format, ...withoutAbsent({ model }) };
      const startedMs = performance.now();
      const answer = await request(client, shared).finally(() => progress.done());
      return fromResponse(answer, performance.now() - startedMs);
    }),
  );
}

interface SharedFields {
  readonly output_format?: "png" | "jpeg" | "webp";
  readonly model?: string;
}

function startFields(flags: SamplingFlags & Strength) {
  const strength = anyNumber("--strength", flags.strength, wholeShare);
  // Commander admits only the choices.
  const reuse = flags.reuse === "similar" ? undefined : flags.reuse;
  return { ...samplingFields(flags), ...withoutAbsent({ strength, reuse }) };
}

function placesOf({ at, frames }: MixFlags): number[] {
  const count = wholeNumber("--frames", frames, { min: 2, max: imagesPerRequestMax });
  if (count === undefined) return [anyNumber("--at", at, wholeShare) ?? 0.5];
  return Array.from({ length: count }, (_, index) => index / (count - 1));
}
