import type { Pixels } from "../../../shared/decoding/pixels.ts";
import { DecoderError } from "./decoder-error.ts";
import type { AnswerMessage, DecoderEnd, DecoderNews, DecoderTask, LatentView, TaskMessage } from "./messages.ts";

type File = Uint8Array<ArrayBuffer>;

/** A picture made on this device, and how long it took without loading. */
export interface DecodedPicture {
  readonly pixels: Pixels;
  readonly milliseconds: number;
}

interface Waiting {
  readonly tell: (news: DecoderNews) => void;
  readonly end: (end: DecoderEnd) => void;
}

const waiting = new Map<number, Waiting>();
let worker: Worker | undefined;
let lastId = 0;

/** What a latent file holds. Rejects with `DecoderError`, as all do here. */
export async function readLatentFile(file: File): Promise<LatentView> {
  const end = await ask({ kind: "read", file });
  if (end.kind !== "view") throw refused(end);
  return end.view;
}

/** Roughly what a latent's picture is, in some 20 ms. */
export async function previewLatentFile(file: File): Promise<DecodedPicture> {
  return picture(await ask({ kind: "preview", file }));
}

/** A latent's picture, and on the way how far it is. */
export async function decodeLatentFile(file: File, tell: (news: DecoderNews) => void): Promise<DecodedPicture> {
  return picture(await ask({ kind: "decode", file }, tell));
}

/** The latent at `t`, 0…1, of the way from one file to the other, as the API mixes them. */
export async function mixLatents(files: readonly [File, File], t: number): Promise<File> {
  const end = await ask({ kind: "mix", files, t });
  if (end.kind !== "file") throw refused(end);
  return end.file;
}

/** A latent as the file that the others take. */
export async function packLatent(latent: LatentView): Promise<File> {
  const end = await ask({ kind: "pack", latent });
  if (end.kind !== "file") throw refused(end);
  return end.file;
}

function picture(end: DecoderEnd): DecodedPicture {
  if (end.kind !== "pixels") throw refused(end);
  return end;
}

function refused(end: DecoderEnd): DecoderError {
  return new DecoderError(end.kind === "refused" ? end.code : "decoder_failed");
}

function ask(task: DecoderTask, tell: Waiting["tell"] = () => {}): Promise<DecoderEnd> {
  lastId += 1;
  const message: TaskMessage = { id: lastId, task };
  return new Promise((end) => {
    waiting.set(message.id, { tell, end });
    openWorker().postMessage(message);
  });
}

function openWorker(): Worker {
  if (worker !== undefined) return worker;
  worker = new Worker(new URL("./decoder-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<AnswerMessage>) => {
    const asked = waiting.get(data.id);
    if ("news" in data) return asked?.tell(data.news);
    waiting.delete(data.id);
    asked?.end(data.end);
  });
  // A worker that does not start answers nothing: neither now nor later.
  worker.addEventListener("error", () => {
    const code = navigator.onLine ? "decoder_failed" : "decoder_offline";
    for (const { end } of waiting.values()) end({ kind: "refused", code });
    waiting.clear();
    worker = undefined;
  });
  return worker;
}
