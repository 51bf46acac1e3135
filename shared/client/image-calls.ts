import { answerOf, type CallOptions, type Http, type Schemas } from "./calls.ts";
import { eventsOf, type StreamOptions } from "./image-stream.ts";

/** What a generation asks for; `images.stream` alone sets `stream`. */
export type GenerationRequest = Omit<Schemas["CreateImageRequest"], "stream">;

const formStream = { bodySerializer: formOf, parseAs: "stream" } as const;

/** Calls that make pictures. */
export function imageCalls(http: Http) {
  return {
    /** Pictures of a prompt, embedded or as links by `response_format`. */
    create: (body: GenerationRequest, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/generations", { body, ...options })),
    /** The same as events: previews, as many as `partial_images`, then each picture. */
    stream: (body: GenerationRequest, { onStep, ...options }: StreamOptions = {}) =>
      eventsOf<Schemas["ImageEvent"]>(
        http.POST("/v1/images/generations", { ...options, body: { ...body, stream: true }, parseAs: "stream" }),
        onStep,
      ),
    /** Pictures from a picture and a prompt; a `mask` says where. */
    edit: (body: Schemas["EditImageForm"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/edits", { body, bodySerializer: formOf, ...options })),
    /** The same as events. */
    streamEdit: (body: Omit<Schemas["EditImageForm"], "stream">, { onStep, ...options }: StreamOptions = {}) =>
      eventsOf<Schemas["ImageEditEvent"]>(
        http.POST("/v1/images/edits", { ...options, body: { ...body, stream: true }, ...formStream }),
        onStep,
      ),
    /** Variations of a picture. */
    vary: (body: Schemas["VaryImageForm"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/variations", { body, bodySerializer: formOf, ...options })),
    /** The same as events. */
    streamVary: (body: Omit<Schemas["VaryImageForm"], "stream">, { onStep, ...options }: StreamOptions = {}) =>
      eventsOf<Schemas["ImageEditEvent"]>(
        http.POST("/v1/images/variations", { ...options, body: { ...body, stream: true }, ...formStream }),
        onStep,
      ),
  };
}

/** Fields and files as a form. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined && value !== null) form.append(name, value instanceof Blob ? value : String(value));
  }
  return form;
}
