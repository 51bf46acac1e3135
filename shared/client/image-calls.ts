import { ApiError } from "./api-error.ts";
import { answerOf, type CallOptions, type Http, type Schemas } from "./calls.ts";
import { readEvents } from "./event-stream.ts";

/** What a generation asks for; `images.stream` alone sets `stream`. */
export type GenerationRequest = Omit<Schemas["CreateImageRequest"], "stream">;

/** How far Stage C is with one picture: `step` of `steps`, counted from 1. */
export interface StepReport {
  readonly step: number;
  readonly steps: number;
}

/** Of a stream: `onStep` is called after each step that the service reports. */
export interface StreamOptions extends CallOptions {
  readonly onStep?: ((report: StepReport) => void) | undefined;
}

/** Calls that make pictures. */
export function imageCalls(http: Http) {
  return {
    /** Pictures of a prompt, embedded or as links by `response_format`. */
    create: (body: GenerationRequest, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/generations", { body, ...options })),
    /** The same as events: previews, as many as `partial_images`, then each picture. */
    async *stream(
      body: GenerationRequest,
      { onStep, ...options }: StreamOptions = {},
    ): AsyncGenerator<Schemas["ImageEvent"]> {
      const request = { ...options, body: { ...body, stream: true }, parseAs: "stream" as const };
      const { response, error } = await http.POST("/v1/images/generations", request);
      if (!response.ok) throw new ApiError(error, response);
      for await (const { event, data } of readEvents(response, (comment) => reportStep(comment, onStep))) {
        const json: unknown = JSON.parse(data);
        if (event === "error") throw new ApiError(json);
        // The document says which schema the events have.
        yield json as Schemas["ImageEvent"];
      }
    },
    /** Pictures from a picture and a prompt; a `mask` says where. */
    edit: (body: Schemas["EditImageForm"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/edits", { body, bodySerializer: formOf, ...options })),
    /** Variations of a picture. */
    vary: (body: Schemas["VaryImageForm"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/variations", { body, bodySerializer: formOf, ...options })),
  };
}

/** The service reports steps as comments, which other clients skip: "step 3 of 12". */
function reportStep(comment: string, onStep: StreamOptions["onStep"]): void {
  const [, step, steps] = /^\s*step (\d+) of (\d+)$/u.exec(comment) ?? [];
  if (steps !== undefined) onStep?.({ step: Number(step), steps: Number(steps) });
}

/** Fields and files as a form. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined && value !== null) form.append(name, value instanceof Blob ? value : String(value));
  }
  return form;
}
