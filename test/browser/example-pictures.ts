// Remakes the playground's example pictures by the embedded model: `npm run docs:examples`.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLocalStack } from "../../scripts/local-stack.ts";
import { AppError } from "../../shared/errors.ts";
import { exampleList } from "../../workers/site/state/example-list.ts";
import { publishedBundle } from "../support/playground.ts";

const folder = join(import.meta.dirname, "../../workers/site/pictures");
/** Of 100: a few kilobytes a picture. */
const quality = 80;

const state = mkdtempSync(join(tmpdir(), "examples-"));
const options = { port: 0, backendPort: 0, mayUseTemporaryState: false, verbose: false };
const stack = await startLocalStack({ ...options, state, bundle: publishedBundle });
try {
  for (const { name, prompt, style, seed } of exampleList) {
    const response = await fetch(`${stack.url}/v1/images/generations`, {
      method: "POST",
      headers: { authorization: `Bearer ${stack.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({
        prompt: `${prompt}, ${style}`,
        seed,
        output_format: "webp",
        output_compression: quality,
        response_format: "b64_json",
      }),
    });
    if (!response.ok) throw new AppError(`${name} could not be made: ${response.status}.`);
    const { data } = (await response.json()) as { readonly data: readonly [{ readonly b64_json: string }] };
    writeFileSync(join(folder, `${name}.webp`), Buffer.from(data[0].b64_json, "base64"));
  }
} finally {
  await stack.stop();
  rmSync(state, { recursive: true, force: true });
}
