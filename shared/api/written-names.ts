import type { Failure } from "../errors.ts";

/** Fields of a generation → the names under which a client wrote them, where these are others. */
export type WrittenNames = Readonly<Record<string, string>>;

/** Other names of fields of `POST /v1/images/generations`. A size may be two fields, of which the first is named. */
const otherNames: WrittenNames = { n: "num_images", steps: "num_inference_steps", size: "width" };

/** Of a body of `POST /v1/images/generations`; undefined where all names are the usual ones. */
export function writtenNames(wire: Readonly<Record<string, unknown>>): WrittenNames | undefined {
  const written = Object.entries(otherNames).filter(([, other]) => wire[other] !== undefined);
  return written.length === 0 ? undefined : Object.fromEntries(written);
}

/** A failure that names its field as the client wrote it. */
export function asWritten(failure: Failure, names: WrittenNames | undefined): Failure {
  if (failure.code !== "invalid_request" || failure.param === null) return failure;
  const { param, message } = failure;
  const name = names?.[param];
  return name === undefined
    ? failure
    : { ...failure, param: name, message: message.replaceAll(`'${param}'`, `'${name}'`) };
}
