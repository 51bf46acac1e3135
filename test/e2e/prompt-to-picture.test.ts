import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI from "openai";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { type LocalStack, startLocalStack } from "../../scripts/local-stack.ts";
import { decodeLatent } from "../../shared/latents/latent-format.ts";
import { metricOf } from "../support/backend.ts";

// Everything is real here: workerd with its storage, the backend with the embedded bundle, OpenAI's client over HTTP.

const request = { model: "emoji-128", prompt: "red apple, 3D", seed: 7 };
/** Three starts on a machine that is busy with other tests. */
const testMsMax = 300_000;
const state = mkdtempSync(join(tmpdir(), "wuerstchen-e2e-"));
const stacks: LocalStack[] = [];

afterAll(async () => {
  await Promise.all(stacks.map((stack) => stack.stop()));
  rmSync(state, { recursive: true, force: true });
});

async function start(port: number): Promise<LocalStack> {
  const stack = await startLocalStack({ port, backendPort: 0, state, mayUseTemporaryState: false, verbose: false });
  stacks.push(stack);
  return stack;
}

function forget(storage: "cache" | "r2"): void {
  const folder = join(state, "storage", storage);
  expect(readdirSync(folder).length).toBeGreaterThan(0);
  rmSync(folder, { recursive: true });
}

/** What the backend has done since it started. */
async function workOf({ backendUrl }: LocalStack) {
  const count = (name: string) => metricOf({ url: backendUrl }, name);
  return { stageC: await count("stage_c_runs_total"), decodes: await count("decodes_total") };
}

async function generate({ url, apiKey }: LocalStack, extra: object = {}) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
  const { data = [] } = await client.images.generate({ ...request, ...extra });
  return data[0] as { b64_json?: string; url?: string; seed: number; latent_id: string; tier: string };
}

test(
  "a prompt becomes a picture, once: its latent, its picture and its link are served again without new work",
  async () => {
    const stack = await start(0);

    const first = await generate(stack);
    const picture = Buffer.from(first.b64_json ?? "", "base64");
    const { width, height, format, xmp } = await sharp(picture).metadata();
    expect({ width, height, format }).toEqual({ width: 128, height: 128, format: "png" });
    expect(String(xmp)).toContain("trainedAlgorithmicMedia");
    expect(first).toMatchObject({ seed: 7, tier: "generated" });
    expect(await workOf(stack)).toEqual({ stageC: 1, decodes: 1 });

    const verified = await fetch(`${stack.url}/v1/verify`, {
      method: "POST",
      headers: { "content-type": "image/png" },
      body: picture,
    });
    expect(await verified.json()).toMatchObject({ result: "ours", made_by_ai: true });

    const again = await generate(stack);
    expect(again.b64_json).toBe(first.b64_json);
    expect(again.tier).toBe("image");
    expect(await workOf(stack)).toEqual({ stageC: 1, decodes: 1 });

    const { url: link = "" } = await generate(stack, { response_format: "url" });
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(picture)).toBe(true);
    expect(await workOf(stack)).toEqual({ stageC: 1, decodes: 1 });

    const authorization = `Bearer ${stack.apiKey}`;
    const latent = await fetch(`${stack.url}/v1/latents/${first.latent_id}`, { headers: { authorization } });
    const decoded = decodeLatent(new Uint8Array(await latent.arrayBuffer()));
    expect(decoded.ok && decoded.value.shape).toEqual([16, 8, 8]);

    // All that a data centre may drop is dropped, and the backend is a new process; latents in the store stay.
    await stack.stop();
    forget("cache");
    const restarted = await start(Number(new URL(stack.url).port));
    const shown = await fetch(link);
    expect(shown.headers.get("x-wuerstchen-tier")).toBe("latent");
    expect(Buffer.from(await shown.arrayBuffer()).equals(picture)).toBe(true);
    expect(await workOf(restarted)).toEqual({ stageC: 0, decodes: 1 });

    // The latent is gone as well: another process makes the same one, and the same picture of it.
    await restarted.stop();
    forget("cache");
    forget("r2");
    const anew = await generate(await start(0));
    expect(anew).toMatchObject({ b64_json: first.b64_json, latent_id: first.latent_id, tier: "generated" });
  },
  testMsMax,
);

test(
  "OpenAI's client gets its typed errors, which name the field and what would be allowed",
  async () => {
    const stack = await start(0);
    await expect(generate({ ...stack, apiKey: "we_wrong" })).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(generate(stack, { model: "dall-e-3" })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const badSize = generate(stack, { size: "100x100" });
    await expect(badSize).rejects.toMatchObject({ status: 400, param: "size", message: /128x128/u });
    expect(await workOf(stack)).toEqual({ stageC: 0, decodes: 0 });
    await stack.stop();
  },
  testMsMax,
);
