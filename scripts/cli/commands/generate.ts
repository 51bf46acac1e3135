import type { Command } from "commander";
import { withExamples } from "../help.ts";
import { interruptible } from "../interruptible.ts";
import {
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

interface GenerateFlags extends OutputFlags, PreviewFlag, SamplingFlags, ServiceFlags {
  readonly background?: string;
}

/** `wuerstchen generate`. */
export function addGenerate(program: Command): void {
  const command = program
    .command("generate")
    .description("Make pictures from a text")
    .argument("<prompt>", "what the picture shows, in quotation marks");
  withOutputOptions(command).option(
    "--background <kind>",
    "of models with transparency: auto, transparent, opaque or a colour: #rrggbb",
  );
  withPreviewOption(command);
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
  const isQuiet = isWithoutPreview(flags);
  await writePictures(flags, fields.n, (output_format) =>
    useService(flags, ({ client, model }) => {
      const body = {
        ...fields,
        prompt,
        output_format,
        ...withoutAbsent({ model, reuse: flags.reuse, background: flags.background }),
      };
      const open: PictureStream["open"] = (previews, options) =>
        client.images.stream({ ...body, ...previews }, options);
      return streamPictures({ count: fields.n, signal, isQuiet, open });
    }),
  );
}
