import { failureToHttp } from "../shared/failure-to-http.ts";

/** In the head of a page of a local run, and of no other: what the pages sign in with. */
export const developmentKeyName = "development-key";

/** With the run's own token: starts draining, and answers the number of requests in flight. */
export const drainHeader = "x-local-drain";

/** What a request gets that comes while the others are finished. */
const refused = failureToHttp({ code: "backend_unavailable" });

/**
 * What stands before the local Worker and passes everything on. A deployment has no such part.
 *
 * It counts the requests under way, until the last byte of the answer or until the client leaves, and takes no more
 * once it drains: so a stop can wait for them. One isolate serves all requests of a local run, therefore a plain
 * counter is enough.
 *
 * It writes the development key into the pages, where no log, referrer or other site's script can read it. Only a
 * browser that opens a page of this machine by its own name gets the key, so that neither a page of another site nor a
 * name that somebody points to this machine (DNS rebinding) is given it.
 */
const script = `
const localNames = new Set(["127.0.0.1", "localhost", "[::1]"]);
let underWay = 0;
let isDraining = false;

function isOpenedHere(request) {
  const site = request.headers.get("sec-fetch-site");
  const isPage = request.headers.get("sec-fetch-dest") === "document";
  return isPage && (site === "none" || site === "same-origin") && localNames.has(new URL(request.url).hostname);
}

function signedIn(request, response, key) {
  const isHtml = response.headers.get("content-type")?.startsWith("text/html") === true;
  if (key === undefined || !isHtml || !isOpenedHere(request)) return response;
  const tag = \`<meta name="${developmentKeyName}" content="\${key}">\`;
  const headers = new Headers(response.headers);
  headers.set("cache-control", "no-store");
  const page = new Response(response.body, { status: response.status, headers });
  return new HTMLRewriter().on("head", { element: (head) => head.append(tag, { html: true }) }).transform(page);
}

/** Counts a request; the answer is to be called when it is over, and counts once. */
function begin(request) {
  let isUnderWay = true;
  underWay += 1;
  const end = () => {
    if (isUnderWay) underWay -= 1;
    isUnderWay = false;
  };
  request.signal.addEventListener("abort", end);
  return end;
}

function toItsEnd(response, ctx, end) {
  if (response.body === null) {
    end();
    return response;
  }
  const length = response.headers.get("content-length");
  const { readable, writable } = length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length));
  ctx.waitUntil(response.body.pipeTo(writable).then(end, end));
  return new Response(readable, response);
}

export default {
  async fetch(request, { EDGE, DEVELOPMENT_KEY, DRAIN_TOKEN }, ctx) {
    if (request.headers.get("${drainHeader}") === DRAIN_TOKEN) {
      isDraining = true;
      return Response.json(underWay);
    }
    if (isDraining) {
      return Response.json(${JSON.stringify(refused.body)}, { status: ${refused.status}, headers: { "retry-after": "5" } });
    }
    const end = begin(request);
    try {
      // In this order: workerd breaks off a page that HTMLRewriter writes into another stream.
      return signedIn(request, toItsEnd(await EDGE.fetch(request), ctx, end), DEVELOPMENT_KEY);
    } catch (error) {
      end();
      throw error;
    }
  },
};
`;

/** What the part needs to know of its run. */
export interface EntryOptions {
  /** Signs the pages in; undefined: they ask for a key. */
  readonly apiKey: string | undefined;
  readonly drainToken: string;
}

/** The part as Miniflare takes it, before the Worker of this name. */
export function entryWorker(workerName: string, { apiKey, drainToken }: EntryOptions) {
  const key = apiKey === undefined ? {} : { DEVELOPMENT_KEY: apiKey };
  return {
    name: "local-entry",
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
    modules: [{ type: "ESModule" as const, path: "entry.js", contents: script }],
    serviceBindings: { EDGE: workerName },
    bindings: { ...key, DRAIN_TOKEN: drainToken },
  };
}
