import { parseArgs } from "node:util";
import { runCommand } from "./command-line.ts";
import type { LocalStack } from "./local-stack.ts";
import { chosenPorts } from "./ports.ts";
import { showProgress } from "./progress.ts";
import { runStack } from "./run-stack.ts";

const help = `Runs the edge Worker and the GPU backend on this machine until Ctrl-C (SIGTERM, SIGHUP).
It then finishes the requests in flight for at most 30 s; a second Ctrl-C ends it at once.

  npm start                      prints the address of the playground, signed in
  npm start -- --json            prints only one line {"url","api_key","backend_url"} when ready

Options
  --model ID     the bundle's folder in gpu-backend/models (default MODEL_ID, else emoji-128)
  --bundle DIR   folder of a bundle elsewhere
  --state DIR    folder for storage, secrets and the development key (default .state; may be deleted)
  --verbose      show the logs of both on stderr
  --json         as above
  --help

Environment
  PORT           port of the edge (default 8787; 0: any free port)
  BACKEND_PORT   port of the backend (default 8788; 0: any free port)
  MODEL_ID       as --model
  MODELS_DIR     another folder of bundles
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      bundle: { type: "string" },
      state: { type: "string" },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);

  const progress = values.json ? undefined : showProgress("Starting edge and backend");
  const options = {
    ...values,
    ...chosenPorts(process.env),
    mayUseTemporaryState: false,
  };
  await runStack(options, (stack) => {
    progress?.done();
    console.log(values.json ? describeAsJson(stack) : describe(stack));
  }).finally(() => progress?.done());
});

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
