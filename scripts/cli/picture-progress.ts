import type { StepReport } from "../../shared/client/image-stream.ts";
import { type Progress, showProgress } from "../progress.ts";
import type { PictureProtocol } from "./terminal-picture.ts";

/** A bar with Stage C's steps, and on a terminal the picture as it sharpens. */
export interface PictureProgress {
  /** How many previews are worth to be requested. */
  readonly previews: number;
  step(report: StepReport): void;
  /** Shows a picture file; only those of the first latent, in place of each other. */
  show(latentId: string, file: Uint8Array): Promise<void>;
  done(): void;
}

/** `isQuiet`: without pictures, as for `--json` and `--no-preview`. */
export async function showPictureProgress(label: string, isQuiet: boolean): Promise<PictureProgress> {
  const progress = showProgress(label);
  const screen = process.stderr;
  // Not for a pipe, which needs no picture library.
  const drawing = screen.isTTY && !isQuiet ? await import("./terminal-picture.ts") : undefined;
  const protocol = drawing?.protocolOf(screen, process.env);
  if (drawing === undefined || protocol === undefined) return withoutPictures(progress);
  return withPictures(progress, { draw: drawing.drawPicture, protocol, rows: drawing.pictureRows(screen) });
}

function withoutPictures(progress: Progress): PictureProgress {
  return { previews: 0, step: progress.step, show: async () => {}, done: progress.done };
}

interface Drawing {
  readonly draw: typeof import("./terminal-picture.ts").drawPicture;
  readonly protocol: PictureProtocol;
  readonly rows: number;
}

const previewsMax = 3;

function withPictures(progress: Progress, { draw, protocol, rows }: Drawing): PictureProgress {
  let shown: string | undefined;
  return {
    previews: previewsMax,
    step: progress.step,
    async show(latentId, file) {
      if (shown !== undefined && shown !== latentId) return;
      const text = await draw(file, { protocol, rows, isAgain: shown !== undefined });
      shown = latentId;
      progress.above(text);
    },
    done: progress.done,
  };
}
