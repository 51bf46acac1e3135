import createFetchClient, { type Client } from "openapi-fetch";
import { ApiError } from "./api-error.ts";
import type { components, paths } from "./api-types.ts";
import { readEvents } from "./event-stream.ts";

/** The API's types by the names in its document, such as `Schemas["Image"]`. */
export type Schemas = components["schemas"];

type GenerationRequest = Omit<Schemas["CreateImageRequest"], "stream">;

/** Where the service is, and who asks. */
export interface ClientOptions {
  /** The service's origin, without `/v1`. */
  readonly baseUrl: string;
  /** Keep it out of pages that others see. */
  readonly apiKey: string;
  /** Default: the global one. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** Of one call: its `signal` aborts the request, and the service then charges only what ran. */
export type CallOptions = Readonly<Pick<RequestInit, "signal">>;

/** A client of the service. Every method rejects with `ApiError` on a refusal, and as `fetch` does without an answer. */
export type WuerstchenClient = ReturnType<typeof createClient>;

/** Works in browsers, Node 20 and Workers. `http` calls any route of the document and leaves its errors as data. */
export function createClient({ baseUrl, apiKey, fetch }: ClientOptions) {
  const http = createFetchClient<paths, "application/json">({
    baseUrl,
    headers: { authorization: `Bearer ${apiKey}` },
    ...(fetch === undefined ? {} : { fetch }),
  });
  return {
    http,
    images: imageCalls(http),
    latents: latentCalls(http),
    jobs: jobCalls(http),
    /** The most that a generation can cost, and the price of each tier. Free of charge. */
    quote: (body: GenerationRequest, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/quotes", { body, ...options })),
    balance: (options: CallOptions = {}) => answerOf(http.GET("/v1/balance", { ...options })),
  };
}

/** Calls whose answers are read as JSON unless they say otherwise. */
type Http = Client<paths, "application/json">;

function imageCalls(http: Http) {
  return {
    /** Pictures of a prompt, embedded or as links by `response_format`. */
    create: (body: GenerationRequest, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/images/generations", { body, ...options })),
    /** The same as events: previews, as many as `partial_images`, then each picture. */
    async *stream(body: GenerationRequest, options: CallOptions = {}): AsyncGenerator<Schemas["ImageEvent"]> {
      const request = { ...options, body: { ...body, stream: true }, parseAs: "stream" as const };
      const { response, error } = await http.POST("/v1/images/generations", request);
      if (!response.ok) throw new ApiError(error, response);
      for await (const { event, data } of readEvents(response)) {
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

function latentCalls(http: Http) {
  const at = (id: string) => ({ params: { path: { id } } });
  return {
    /** The latent as a safetensors file. */
    download: (id: string, options: CallOptions = {}) =>
      answerOf(http.GET("/v1/latents/{id}", { ...at(id), parseAs: "blob", ...options })),
    /** Stores a safetensors file. */
    upload: (body: Blob, options: CallOptions = {}) =>
      answerOf(http.PUT("/v1/latents", { body, bodySerializer: (file) => file, headers: octets, ...options })),
    delete: (id: string, options: CallOptions = {}) =>
      answerOf(http.DELETE("/v1/latents/{id}", { ...at(id), ...options })),
    /** The latent's picture, for the price of a hit and a decode. */
    decode: (id: string, body: Schemas["DecodeLatentRequest"] = {}, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/latents/{id}/decode", { ...at(id), body, ...options })),
    /** Variations of the latent's picture. */
    vary: (id: string, body: Schemas["VaryLatentRequest"] = {}, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/latents/{id}/variations", { ...at(id), body, ...options })),
    /** Pictures between this latent and another. */
    interpolate: (id: string, body: Schemas["InterpolateLatentsRequest"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/latents/{id}/interpolate", { ...at(id), body, ...options })),
  };
}

function jobCalls(http: Http) {
  const at = (id: string) => ({ params: { path: { id } } });
  const get = (id: string, options: CallOptions = {}) => answerOf(http.GET("/v1/jobs/{id}", { ...at(id), ...options }));
  return {
    /** Creates the job `id`, which the caller chooses: the same call again returns the same job. */
    create: (id: string, body: Schemas["CreateJobRequest"], options: CallOptions = {}) =>
      answerOf(http.PUT("/v1/jobs/{id}", { ...at(id), body, ...options })),
    /** The job and the first page of its results. */
    get,
    cancel: (id: string, options: CallOptions = {}) =>
      answerOf(http.POST("/v1/jobs/{id}/cancel", { ...at(id), ...options })),
    /** The job and the first page of its results, once it has ended. Follows its events, and asks again if they break off. */
    async wait(id: string, options: CallOptions = {}): Promise<Schemas["Job"]> {
      for (;;) {
        const request = { ...at(id), parseAs: "stream" as const, ...options };
        const { response, error } = await http.GET("/v1/jobs/{id}/events", request);
        if (!response.ok) throw new ApiError(error, response);
        for await (const _ of readEvents(response)) if (options.signal?.aborted) break;
        const job = await get(id, options);
        if (job.ended !== null) return job;
      }
    },
  };
}

const octets = { "content-type": "application/octet-stream" };

/** Fields and files as a form. */
function formOf(body: object): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(body)) {
    if (value !== undefined && value !== null) form.append(name, value instanceof Blob ? value : String(value));
  }
  return form;
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

async function answerOf<Data>(call: Promise<Answer<Data>>): Promise<NonNullable<Data>> {
  const { data, error, response } = await call;
  if (!response.ok || data === undefined || data === null) throw new ApiError(error, response);
  return data;
}
