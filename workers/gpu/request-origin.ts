import type { Region } from "./region.ts";

/** Where a request came in, as far as it helps to serve it. It never decides what a picture looks like. */
export interface RequestOrigin {
  /** Where the client is; undefined when the platform does not say. */
  readonly region: Region | undefined;
  /** The request's place in its trace, by W3C Trace Context. */
  readonly traceparent: string;
}
