/** In the head of a page of a local run, and of no other: what the pages sign in with. */
export const developmentKeyName = "development-key";

/**
 * What stands before the local Worker: it writes the development key into the pages, where no log, referrer or other
 * site's script can read it, and passes everything on. A deployment has no such part. Only a browser that opens a page of
 * this machine by its own name gets the key, so that neither a page of another site nor a name that somebody points to
 * this machine (DNS rebinding) is given it.
 */
const script = `
const localNames = new Set(["127.0.0.1", "localhost", "[::1]"]);

function isOpenedHere(request) {
  const site = request.headers.get("sec-fetch-site");
  const isPage = request.headers.get("sec-fetch-dest") === "document";
  return isPage && (site === "none" || site === "same-origin") && localNames.has(new URL(request.url).hostname);
}

export default {
  async fetch(request, { EDGE, DEVELOPMENT_KEY }) {
    const response = await EDGE.fetch(request);
    const isHtml = response.headers.get("content-type")?.startsWith("text/html") === true;
    if (!isHtml || !isOpenedHere(request)) return response;
    const tag = \`<meta name="${developmentKeyName}" content="\${DEVELOPMENT_KEY}">\`;
    const headers = new Headers(response.headers);
    headers.set("cache-control", "no-store");
    const page = new Response(response.body, { status: response.status, headers });
    return new HTMLRewriter().on("head", { element: (head) => head.append(tag, { html: true }) }).transform(page);
  },
};
`;

/** The part as Miniflare takes it, before the Worker of this name. */
export function entryWorker(workerName: string, apiKey: string) {
  return {
    name: "local-entry",
    compatibilityDate: "2026-10-23",
    compatibilityFlags: ["enable_request_signal", "request_signal_passthrough"],
    modules: [{ type: "ESModule" as const, path: "entry.js", contents: script }],
    serviceBindings: { EDGE: workerName },
    bindings: { DEVELOPMENT_KEY: apiKey },
  };
}
