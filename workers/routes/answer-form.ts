import type { CreateImageRequest } from "../../shared/api/create-image-request.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import type { OutputFormat } from "../../shared/output-format.ts";
import { outputFormatSchema } from "../../shared/output-format-schema.ts";
import { err, ok, type Result } from "../../shared/result.ts";

/** How a client wants its answer: OpenAI's JSON, or the bytes of the one picture. */
export type AnswerForm = { readonly kind: "json" } | { readonly kind: "bytes"; readonly format: OutputFormat | "any" };

/**
 * Reads an `Accept` header: the first entry that this service knows decides. Weights are not read, because all clients
 * of this API send one type, or JSON first.
 */
export function answerForm(accept: string | undefined): AnswerForm {
  for (const entry of (accept ?? "").split(",")) {
    const type = entry.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (type === "*/*" || type === "application/json") break;
    if (type === "image/*") return { kind: "bytes", format: "any" };
    const format = outputFormatSchema.safeParse(type.replace(/^image\//u, "")).data;
    if (format !== undefined && type.startsWith("image/")) return { kind: "bytes", format };
  }
  return { kind: "json" };
}

/** The body with the format that `Accept` names, where the body names none. */
export function withAcceptedFormat(json: unknown, form: AnswerForm): unknown {
  if (form.kind === "json" || form.format === "any" || typeof json !== "object" || json === null) return json;
  return { output_format: form.format, ...json };
}

/** Whether a checked request can be answered in this form: bytes are one picture, in the format that was accepted. */
export function checkAnswerForm(
  form: AnswerForm,
  request: Pick<CreateImageRequest, "n" | "file" | "stream">,
): Result<undefined, Failure> {
  if (form.kind === "json") return ok(undefined);
  if (request.stream !== undefined) {
    return err(invalidRequest("stream", "'stream' cannot be true when 'Accept' asks for an image. Leave one out."));
  }
  if (request.n !== 1) {
    return err(invalidRequest("n", "'n' must be 1 when 'Accept' asks for an image. Accept application/json for more."));
  }
  if (form.format !== "any" && form.format !== request.file.format) {
    return err(invalidRequest("output_format", "'output_format' differs from the image type in 'Accept'."));
  }
  return ok(undefined);
}
