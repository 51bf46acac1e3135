import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ImagesResponse } from "../shared/api/images-response.ts";
import { imagesPerRequestMax, seedMax, stepsMax } from "../shared/limits.ts";
import { anyNumber, CommandError, runCommand, wholeNumber } from "./command-line.ts";
import { startLocalStack } from "./local-stack.ts";
import { type OutputPaths, outputPaths } from "./output-paths.ts";
import { showProgress } from "./progress.ts";
import { onStopSignal } from "./stop-signals.ts";

const help = `Makes pictures from a text through the edge's public API.

  npm run generate -- "red apple, 3D" -o apple.png

Options
  -o, --output FILE   output file (default picture.png; .png, .jpg, .jpeg or .webp); several become FILE-1, FILE-2, …
  --seed N            0 to 4294967295; the same request with the same seed returns the same picture
  --n N               number of pictures, 1 to 10; picture i has seed + i
  --steps N           number of sampling steps
  --guidance X        guidance scale: how closely the picture follows the text
  --negative TEXT     what the picture should not show
  --size WxH          a size that the model offers
  --reuse MODE        prefer (default: a stored latent may serve) or fresh
  --url URL           a running service (default: WUERSTCHEN_URL, else the command starts one)
  --key KEY           API key of the running service (default: WUERSTCHEN_API_KEY)
  --model ID          a model of the running service, or the bundle for the started one (as for npm start)
  --bundle DIR        folder of the bundle for the started service
  --verbose           show the logs of the started service
  --help

Exit codes: 0 success, 1 failure, 2 wrong usage.
`;

const optionTypes = {
  output: { type: "string", short: "o", default: "picture.png" },
  seed: { type: "string" },
  n: { type: "string" },
  steps: { type: "string" },
  guidance: { type: "string" },
  negative: { type: "string" },
  size: { type: "string" },
  reuse: { type: "string" },
  url: { type: "string", default: process.env["WUERSTCHEN_URL"] },
  key: { type: "string", default: process.env["WUERSTCHEN_API_KEY"] },
  model: { type: "string" },
  bundle: { type: "string" },
  verbose: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

await runCommand(async () => {
  const { values, positionals } = parseArgs({ options: optionTypes, allowPositionals: true });
  if (values.help) return void process.stdout.write(help);
  const [prompt, ...more] = positionals;
  if (prompt === undefined || more.length > 0) {
    throw new CommandError('Pass the prompt as one quoted text: npm run generate -- "red apple, 3D"', 2);
  }
  const n = wholeNumber("--n", values.n, { min: 1, max: imagesPerRequestMax }) ?? 1;
  const output = outputPaths(values.output, n);
  const body = {
    prompt,
    // A service of our own has one model, whose id may be another than its folder's name.
    model: values.url === undefined ? undefined : values.model,
    n,
    output_format: output.format,
    seed: wholeNumber("--seed", values.seed, { min: 0, max: seedMax }),
    steps: wholeNumber("--steps", values.steps, { min: 1, max: stepsMax }),
    guidance_scale: anyNumber("--guidance", values.guidance),
    negative_prompt: values.negative,
    size: values.size,
    reuse: values.reuse,
  };
  const service = await reachService(values);
  try {
    await generate(service, body, output);
  } finally {
    await service.stop();
  }
});

interface Service {
  readonly url: string;
  readonly apiKey: string;
  stop(): Promise<void>;
}

/** The service that was named, or one of our own for as long as this takes. */
async function reachService(values: {
  readonly url?: string | undefined;
  readonly key?: string | undefined;
  readonly model?: string | undefined;
  readonly bundle?: string | undefined;
  readonly verbose: boolean;
}): Promise<Service> {
  if (values.url !== undefined) {
    if (values.key === undefined) throw new CommandError("--url needs --key or WUERSTCHEN_API_KEY.", 2);
    return { url: values.url.replace(/\/+(?:v1\/*)?$/u, ""), apiKey: values.key, stop: async () => {} };
  }
  const { model, bundle, verbose } = values;
  const progress = showProgress("Starting edge and backend");
  const starting = startLocalStack({ port: 0, backendPort: 0, model, bundle, verbose, mayUseTemporaryState: true });
  onStopSignal(async () => (await starting).stop());
  return starting.finally(() => progress.done());
}

async function generate(service: Service, body: object, output: OutputPaths): Promise<void> {
  const startedMs = performance.now();
  const progress = showProgress("Making the picture");
  const answer = await requestImages(service, body).finally(() => progress.done());
  const elapsedMs = Math.round(performance.now() - startedMs);
  for (const warning of answer.warnings) console.error(`Note: ${warning}`);
  for (const [index, item] of answer.data.entries()) {
    const path = output.paths[index];
    if (path === undefined || !("b64_json" in item)) continue;
    writeFileSync(path, Buffer.from(item.b64_json, "base64"));
    console.log(`${path}  seed ${item.seed}  ${item.tier}  ${elapsedMs} ms`);
  }
}

async function requestImages({ url, apiKey }: Service, body: object): Promise<ImagesResponse> {
  let response: Response;
  try {
    response = await fetch(`${url}/v1/images/generations`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new CommandError(`No service answers at ${url}.`);
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw new CommandError(`The service refused (${response.status}): ${messageIn(text)}`);
}

/** The sentence in an error envelope, or whatever else was answered. */
function messageIn(text: string): string {
  try {
    return String(JSON.parse(text).error.message);
  } catch {
    return text.slice(0, 300);
  }
}
