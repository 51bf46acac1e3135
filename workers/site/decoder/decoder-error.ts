/** Why a device cannot decode: each has its sentence in every language of the pages. */
export type DecoderErrorCode =
  /** A file of the decoder could not be fetched. */
  | "decoder_offline"
  /** The service's model has a graph that no static file may hold, or a Stage B that reads prompts. */
  | "decoder_unavailable"
  /** A file is missing, or is not the one that the model names. */
  | "decoder_outdated"
  /** Not a latent of this model, or of another revision of it. */
  | "latent_unreadable"
  /** The device could not start or run the decoder. */
  | "decoder_failed";

/** The decoder cannot do what was asked. */
export class DecoderError extends Error {
  override readonly name = "DecoderError";
  readonly code: DecoderErrorCode;

  constructor(code: DecoderErrorCode) {
    super(code);
    this.code = code;
  }
}

/**
 * A file of this site. Throws `DecoderError` when it cannot be had; `missing` says what it means that it is not there.
 */
export async function fetchFile(url: string, missing: DecoderErrorCode): Promise<Response> {
  const response = await fetch(url).catch(() => {
    throw new DecoderError("decoder_offline");
  });
  if (!response.ok) throw new DecoderError(missing);
  return response;
}
