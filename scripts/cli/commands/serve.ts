import type { Command } from "commander";
import type { LocalStack } from "../../local-stack.ts";
import { chosenPorts } from "../../ports.ts";
import { showProgress } from "../../progress.ts";
import { withExamples } from "../help.ts";

interface ServeFlags {
  readonly model?: string;
  readonly bundle?: readonly string[];
  readonly state?: string;
  readonly port?: string;
  readonly backendPort?: string;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** `wuerstchen serve`. */
export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .description("Run the edge Worker and the GPU backend on this machine until Ctrl-C")
    .option("--model <id>", "the bundle's folder among the models (else MODEL_ID, else emoji-128)")
    .option("--bundle <folder>", "a bundle elsewhere; more of them are served beside the first", collect)
    .option("--state <folder>", "storage, secrets and the development key; may be deleted while it does not run")
    .option("--port <n>", "port of the edge, 0 for any free one (else PORT, else 8787)")
    .option("--backend-port <n>", "port of the backend, 0 for any free one (else BACKEND_PORT, else 8788)")
    .option("--verbose", "show the logs of both on stderr", false)
    .option("--json", 'print one line {"url","api_key","backend_url"} when ready, and nothing else', false)
    .addHelpText(
      "after",
      "\nCtrl-C, SIGTERM and SIGHUP finish the requests in flight for at most 30 s. A second Ctrl-C ends it at once.",
    );
  withExamples(command, {
    "wuerstchen serve": "prints the address of the playground, signed in",
    "wuerstchen serve --port 0 --json": "for a script",
    "wuerstchen serve --bundle ./mine": "a model of your own",
    "wuerstchen serve --bundle ./mine --bundle ./other": "two models; requests that name none get the first",
  }).action(serve);
}

function collect(folder: string, before: readonly string[] = []): readonly string[] {
  return [...before, folder];
}

async function serve(flags: ServeFlags): Promise<void> {
  // Late, so that help needs none of it.
  const { runStack } = await import("../../run-stack.ts");
  const progress = flags.json ? undefined : showProgress("Starting edge and backend");
  const { port, backendPort, bundle: bundles = [], ...rest } = flags;
  const [bundle, ...others] = bundles;
  const ports = chosenPorts({
    ...process.env,
    ...(port && { PORT: port }),
    ...(backendPort && { BACKEND_PORT: backendPort }),
  });
  await runStack(
    { ...rest, ...(bundle !== undefined && { bundle }), others, ...ports, mayUseTemporaryState: false },
    (stack) => {
      progress?.done();
      process.stdout.write(flags.json ? `${describeAsJson(stack)}\n` : describe(stack));
    },
  ).finally(() => progress?.done());
}

function describeAsJson({ url, apiKey, backendUrl }: LocalStack): string {
  return JSON.stringify({ url, api_key: apiKey, backend_url: backendUrl });
}

function describe({ url, apiKey }: LocalStack): string {
  return `Open ${url}

Ready. Ctrl-C stops it.

  URL       ${url}/v1
  API key   ${apiKey}

Try it:

  curl ${url}/v1/images/generations -o apple.png \\
    -H "Authorization: Bearer ${apiKey}" \\
    -H "Content-Type: application/json" -H "Accept: image/png" \\
    -d '{"prompt": "red apple, 3D"}'

`;
}
