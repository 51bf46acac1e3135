import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import init, { WasmReader } from "@contentauth/c2pa-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withoutManifest } from "../../../shared/content-credentials.ts";
import { originMarkKey, originOf } from "../../../shared/origin-mark.ts";
import { parseStageCResponse } from "../../../shared/wire/stage-c.ts";
import { type Backend, backendSecret, decodeDraft, send, stageCDraft, startBackend } from "../../support/backend.ts";
import { testSignerEnvironment } from "../../support/c2pa/test-signer.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

// A real backend with a certificate, and C2PA's own reader.

let backend: Backend;

beforeAll(async () => {
  const library = fileURLToPath(import.meta.resolve("@contentauth/c2pa-wasm/c2pa.wasm"));
  await init({ module_or_path: readFileSync(library) });
  backend = await startBackend(testSignerEnvironment);
});

afterAll(() => backend.stop());

async function makeLatent(): Promise<Uint8Array<ArrayBuffer>> {
  const made = parseStageCResponse(await (await send(backend, stageCDraft(tinyRequest))).json(), tinyRequest);
  if (!made.ok) throw new Error("The backend refused a task.");
  return new Uint8Array(Buffer.from(made.value.latents[0]?.safetensors ?? "", "base64"));
}

test.each(["png", "jpeg", "webp"])(
  "a %s of a backend with a certificate bears a valid manifest and our mark",
  async (format) => {
    const response = await send(backend, decodeDraft(await makeLatent(), `?format=${format}`));
    const file = new Uint8Array(await response.arrayBuffer());
    const report = JSON.parse((await WasmReader.fromBytes(`image/${format}`, file)).json());
    expect(report.validation_state).toBe("Valid");
    expect(JSON.stringify(report)).toContain(tinyRequest.revision);
    expect(await originOf(withoutManifest(file) ?? file, [await originMarkKey(backendSecret)])).toBe("ours");
  },
);
