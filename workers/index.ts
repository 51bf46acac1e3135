import { failureToHttp } from "../shared/errors.ts";
import { createApp } from "./app.ts";
import { parseEnv } from "./env.ts";
import { describeError } from "./middleware/errors.ts";
import { log, platform } from "./platform.ts";
import { createServices } from "./services.ts";

export { DecodeJobObject } from "./objects/decode-job-object.ts";
export { LatentJobObject } from "./objects/latent-job-object.ts";

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

/** What is missing is for the operator's log only. */
function misconfigured(error: unknown): Response {
  if (error instanceof Error) log({ event: "misconfigured", ...describeError(error) });
  const { status, body, headers } = failureToHttp({ code: "internal" });
  return Response.json(body, { status, headers });
}
