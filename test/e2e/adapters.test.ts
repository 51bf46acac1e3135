import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { decodeLatent, type Latent } from "../../shared/latents/latent-format.ts";
import { latentShapeFor } from "../../shared/models/latent-shape.ts";
import { createPromptEncoder } from "../../workers/prompt/prompt-encoder.ts";
import { differenceMax } from "../support/float32-hex.ts";
import { openAccount } from "../support/open-account.ts";
import { runCli } from "../support/run-cli.ts";
import { tinyAlphaDirectory, tinyDirectory } from "../support/tiny-bundle.ts";
import { openTinyPipeline } from "../support/tiny-pipeline.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// Two models and three adapters, served at once by the real Worker and a real backend. `wuerstchen models add-adapter`
// makes and offers each; only Python is a stand-in, since what it does has tests of its own (`test_tuning.py`).

const folder = mkdtempSync(join(tmpdir(), "adapters-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const state = join(folder, "state");
const models = join(state, "models");
const stack = useTinyStack(tinyDirectory, async () => ({}), [tinyAlphaDirectory], state);

/** More than rounding makes of one latent, less than any two of these models differ by. */
const sameLatentMax = 0.02;
const prompt = "red apple";
const accountsCount = 5;
/** Of each account at a time; the backend has places for all. */
const togetherMax = 10;
const requestsMin = 200;

const python = join(folder, "python");
const standIn = join(import.meta.dirname, "../support/stand-in-adapt.ts");
writeFileSync(python, `#!/bin/sh\n[ "$1" = -c ] && exit 0\nshift 2\nexec "${process.execPath}" "${standIn}" "$@"\n`, {
  mode: 0o755,
});
const adapterFile = (name: string) => join(folder, `${name}.safetensors`);
for (const name of ["ink", "gold", "sketch"]) writeFileSync(adapterFile(name), name);

function order(...args: string[]) {
  return runCli(["models", ...args, "--url", stack().url], {
    WUERSTCHEN_ADMIN_SECRET: stack().adminSecret,
    PYTHON: python,
  });
}

function addAdapter(name: string, bundle: string, ...more: string[]) {
  const file = more.includes("--adapter") ? [] : ["--adapter", adapterFile(name)];
  return order("add-adapter", name, ...file, "--bundle", bundle, "--models-dir", models, ...more);
}

function send(key: string, method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  return fetch(`${stack().url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

interface Made {
  readonly model: string;
  readonly seed: number;
  readonly id: string;
  readonly picture: string;
  readonly latent: Latent;
}

async function generate(key: string, model: string, seed: number): Promise<Made> {
  const answer = await send(key, "POST", "/v1/images/generations", { prompt, steps: 2, seed, model });
  expect([answer.status, answer.ok ? "" : await answer.text()]).toEqual([200, ""]);
  const { data } = (await answer.json()) as { data: { latent_id: string; b64_json: string }[] };
  const [{ latent_id: id, b64_json: picture } = { latent_id: "", b64_json: "" }] = data;
  const file = await send(key, "GET", `/v1/latents/${id}`);
  const latent = decodeLatent(new Uint8Array(await file.arrayBuffer()));
  if (!latent.ok) throw new TypeError("The latent cannot be read.");
  return { model, seed, id, picture, latent: latent.value };
}

/** Ids → the folders of their bundles. */
function bundlesById(): ReadonlyMap<string, string> {
  const names = readdirSync(models).filter((name) => !name.startsWith("."));
  const folders = names.map((name) => join(models, name));
  return new Map(folders.map((path) => [JSON.parse(readFileSync(join(path, "model.json"), "utf8")).id, path]));
}

/** The latents that the bundle alone makes, in this process, where nothing else is. */
async function latentsAlone(bundle: string, seeds: readonly number[]): Promise<readonly Float32Array[]> {
  const { manifest, pipeline, taskGraphs } = await openTinyPipeline(bundle);
  const tokenizer = JSON.parse(readFileSync(join(bundle, manifest.text.tokenizer), "utf8"));
  const encode = (text: string) => [...createPromptEncoder(tokenizer, manifest.text).encode(text).tokenIds];
  const shape = latentShapeFor(manifest, undefined);
  if (!shape.ok) throw new TypeError("The bundle has no default size.");
  const request = {
    model: manifest.id,
    revision: manifest.revision,
    tokenIds: encode(prompt),
    negativeTokenIds: encode(""),
    seeds: [...seeds],
    steps: 2,
    guidanceScale: manifest.sampler.stageC.guidanceScale.default,
    latentShape: [...shape.value] as [number, number, number],
  };
  const files = await pipeline.makeLatents(request, taskGraphs());
  return files.map((file) => {
    const latent = decodeLatent(file);
    return latent.ok ? latent.value.values : new Float32Array();
  });
}

test(
  "an adapter that is added while others are asked drops no request, and each answer is its own model's",
  async () => {
    expect(await addAdapter("ink", tinyDirectory, "--strengths", "0.80")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^tiny\+ink:0\.8@\w{16} is offered\.\n$/u),
    });
    // As dear as its model.
    expect((await order("add", tinyAlphaDirectory, "--price-factor", "2")).code).toBe(0);
    expect((await addAdapter("gold", tinyAlphaDirectory)).code).toBe(0);
    expect(await (await fetch(`${stack().url}/v1/models/tiny-alpha+gold`)).json()).toMatchObject({ price_factor: 2 });
    const before = ["tiny", "tiny-alpha", "tiny+ink:0.8", "tiny-alpha+gold"];
    const added = ["tiny+sketch:0.5", "tiny+sketch"];
    const keys = await Promise.all(
      Array.from({ length: accountsCount }, (_, index) => openAccount(stack(), `account-${index}`, 1_000_000)),
    );

    let names: readonly string[] = before;
    let isAdding = true;
    const adding = addAdapter("sketch", tinyDirectory, "--strengths", "0.5,1").then((outcome) => {
      names = [...before, ...added];
      isAdding = false;
      return outcome;
    });
    const made: Made[] = [];
    let next = 0;
    // Until each of those added last was asked too.
    const goesOn = () =>
      isAdding || next < requestsMin || !added.every((name) => made.some(({ model }) => model === name));
    const client = async (key: string) => {
      while (goesOn()) {
        next += 1;
        made.push(await generate(key, names[next % names.length] ?? "", next));
      }
    };
    await Promise.all(keys.flatMap((key) => Array.from({ length: togetherMax }, () => client(key))));
    expect(await adding).toMatchObject({ code: 0 });
    expect(made.length).toBeGreaterThanOrEqual(requestsMin);
    expect(new Set(made.map(({ picture }) => picture)).size).toBe(made.length);

    const bundles = bundlesById();
    const firstSeeds = [1, 2, 3];
    const ofFirstSeeds: Float32Array[] = [];
    for (const name of [...before, ...added]) {
      const own = made.filter(({ model }) => model === name);
      const seeds = [...firstSeeds, ...own.map(({ seed }) => seed)];
      const alone = await latentsAlone(bundles.get(name) ?? "", seeds);
      ofFirstSeeds.push(...alone.slice(0, firstSeeds.length));
      expect(own.map(({ latent }) => latent.metadata.model)).toEqual(own.map(() => name));
      for (const [index, { latent }] of own.entries()) {
        expect(differenceMax(latent.values, alone[index + firstSeeds.length] ?? [])).toBeLessThan(sameLatentMax);
      }
    }
    // Else the comparison above could not tell one model from another.
    const distances = ofFirstSeeds.flatMap((a, index) => ofFirstSeeds.slice(index + 1).map((b) => differenceMax(a, b)));
    expect(Math.min(...distances)).toBeGreaterThan(2 * sameLatentMax);
  },
  startMsMax,
);

test(
  "a strength that is taken back is named by no request, and what it made is decoded as before",
  async () => {
    const key = stack().apiKey;
    expect((await addAdapter("gold", tinyDirectory, "--strengths", "0.5,0.75")).code).toBe(0);
    const { id, picture } = await generate(key, "tiny+gold:0.5", 1);
    expect((await order("withdraw", "tiny+gold:0.50")).stdout).toMatch(/^tiny\+gold:0\.5@\w+ is withdrawn\.$/mu);
    const refused = await send(key, "POST", "/v1/images/generations", { prompt, model: "tiny+gold:0.5" });
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    expect([refused.status, error.code]).toEqual([404, "model_not_found"]);
    expect(error.message).toContain("Accepted: tiny+gold:0.75. ");
    const decoded = await send(key, "POST", `/v1/latents/${id}/decode`, {});
    expect(await decoded.json()).toMatchObject({ data: [{ b64_json: picture }] });
    // The bundle is still there, so no Python is needed to offer it again.
    expect((await order("revisions")).stdout).toMatch(/^tiny\+gold:0\.5@\w+ {2}withdrawn$/mu);
    writeFileSync(python, "#!/bin/sh\nexit 1\n");
    expect((await addAdapter("gold", tinyDirectory, "--strengths", "0.5")).code).toBe(0);
    expect((await generate(key, "tiny+gold:0.5", 1)).id).toBe(id);
  },
  startMsMax,
);
