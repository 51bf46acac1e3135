import { answerOf, type CallOptions, entriesOf, type Http, type ListOptions, limited, type Schemas } from "./calls.ts";
import { eventsOf, type StreamOptions } from "./image-stream.ts";

/** A stored latent as the list describes it. */
export type LatentEntry = Schemas["LatentList"]["data"][number];

const octets = { "content-type": "application/octet-stream" };

/** Calls for stored latents. */
export function latentCalls(http: Http) {
  const at = (id: string) => ({ params: { path: { id } } });
  return {
    /** Every latent that the account keeps, newest first; `for await` requests one page after the other. */
    list: ({ limit, ...options }: ListOptions = {}): AsyncGenerator<LatentEntry> =>
      entriesOf((cursor) =>
        answerOf(http.GET("/v1/latents", { params: { query: { ...cursor, ...limited(limit) } }, ...options })),
      ),
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
    /** The same as events. */
    streamVary: (
      id: string,
      body: Omit<Schemas["VaryLatentRequest"], "stream"> = {},
      { onStep, ...options }: StreamOptions = {},
    ) =>
      eventsOf<Schemas["ImageEditEvent"]>(
        http.POST("/v1/latents/{id}/variations", {
          ...at(id),
          ...options,
          body: { ...body, stream: true },
          parseAs: "stream",
        }),
        onStep,
      ),
    /** Pictures between this latent and another. */
    interpolate: (id: string, body: Schemas["InterpolateLatentsRequest"], options: CallOptions = {}) =>
      answerOf(http.POST("/v1/latents/{id}/interpolate", { ...at(id), body, ...options })),
  };
}
