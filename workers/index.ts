import { failureToHttp } from "../shared/errors.ts";
import { createApp } from "./app.ts";
import { parseEnv } from "./env.ts";
import type { Log } from "./middleware/app-env.ts";
import { describeError } from "./middleware/errors.ts";
import { builtInBundle } from "./models/bundle.ts";
import { createServices, type Platform } from "./services.ts";

type App = ReturnType<typeof createApp>;

/** Built at the first request of an isolate, whose environment never changes. */
let app: App | undefined;

export default {
  async fetch(request, env, context): Promise<Response> {
    try {
      app ??= createApp(createServices(parseEnv(env), platform()));
    } catch (error) {
      return misconfigured(error);
    }
    return app.fetch(request, env, context);
  },
} satisfies ExportedHandler;

// biome-ignore lint/suspicious/noConsole: the one door to the log, which on Workers is the console.
const log: Log = (entry) => console.log(JSON.stringify(entry));

function platform(): Platform {
  return {
    fetch: (url, init) => fetch(url, init),
    edge: caches.default,
    nowMs: () => Date.now(),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    log,
    bundle: builtInBundle,
  };
}

/** What is missing is for the operator's log only. */
function misconfigured(error: unknown): Response {
  if (error instanceof Error) log({ event: "misconfigured", ...describeError(error) });
  const { status, body, headers } = failureToHttp({ code: "internal" });
  return Response.json(body, { status, headers });
}
