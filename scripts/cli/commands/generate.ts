import type { Command } from "commander";
import type { WuerstchenClient } from "../../../shared/client/client.ts";
import type { GenerationRequest } from "../../../shared/client/image-calls.ts";
import { withExamples } from "../help.ts";
import { interruptible } from "../interruptible.ts";
import { showPictureProgress } from "../picture-progress.ts";
import {
  type MadePicture,
  type MadePictures,
  type OutputFlags,
  placeOf,
  withOutputOptions,
  writePictures,
} from "../pictures.ts";
import { type SamplingFlags, samplingFields, withoutAbsent, withSamplingOptions } from "../sampling-options.ts";
import { type ServiceFlags, useService, withServiceOptions } from "../service.ts";

interface GenerateFlags extends OutputFlags, SamplingFlags, ServiceFlags {
  readonly preview: boolean;
  readonly background?: string;
}

/** `wuerstchen generate`. */
export function addGenerate(program: Command): void {
  const command = program
    .command("generate")
    .description("Make pictures from a text")
    .argument("<prompt>", "what the picture shows, in quotation marks");
  withOutputOptions(command)
    .option("--background <kind>", "of models with transparency: auto, transparent, opaque or a colour: #rrggbb")
    .option("--no-preview", "show no pictures in the terminal");
  withSamplingOptions(command, ["prefer", "fresh", "similar"]);
  withServiceOptions(command).action((prompt: string, flags: GenerateFlags) =>
    interruptible((signal) => generate(prompt, flags, signal)),
  );
  withExamples(command, {
    'wuerstchen generate "red apple, 3D" -o apple.png': "by the embedded model, without a service",
    'wuerstchen generate "青い猫" --n 4 --seed 7': "four pictures with the seeds 7 to 10",
    'wuerstchen generate "sun" --url https://… --json': "by a service; WUERSTCHEN_KEY holds the key",
  });
}

async function generate(prompt: string, flags: GenerateFlags, signal: AbortSignal): Promise<void> {
  const fields = samplingFields(flags);
  const isQuiet = flags.json === true || !flags.preview;
  await writePictures(flags, fields.n, (output_format) =>
    useService(flags, ({ client, model }) => {
      const body = {
        ...fields,
        prompt,
        output_format,
        ...withoutAbsent({ model, reuse: flags.reuse, background: flags.background }),
      };
      return streamPictures(client, body, { signal, isQuiet });
    }),
  );
}

/** By a stream, since only that ends at the service when this process leaves. */
async function streamPictures(
  client: WuerstchenClient,
  body: GenerationRequest,
  { signal, isQuiet }: { readonly signal: AbortSignal; readonly isQuiet: boolean },
): Promise<MadePictures> {
  signal.throwIfAborted();
  const progress = await showPictureProgress("Making the picture", isQuiet);
  const pictures: MadePicture[] = [];
  const warnings = new Set<string>();
  const startedMs = performance.now();
  let microUsd = 0;
  try {
    const events = client.images.stream(
      { ...body, partial_images: progress.previews },
      { signal, onStep: (report) => progress.step(report) },
    );
    for await (const event of events) {
      const file = Buffer.from(event.b64_json, "base64");
      await progress.show(event.latent_id, file);
      if (event.type === "image_generation.partial_image") continue;
      pictures.push({ ...placeOf(event), file });
      microUsd += event.usage.cost.micro_usd;
      for (const warning of event.warnings) warnings.add(warning);
    }
  } finally {
    progress.done();
  }
  return { pictures, microUsd, warnings: [...warnings], milliseconds: performance.now() - startedMs };
}
