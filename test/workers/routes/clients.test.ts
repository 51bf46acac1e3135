import { beforeAll, describe, expect, test } from "vitest";
import type { ImagesResponse } from "../../../shared/api/images-response.ts";
import { imagePromptsBodyBytesMax } from "../../../shared/limits.ts";
import casesText from "../../support/clients.jsonl?raw";
import { JobClient } from "../support/job-client.ts";
import { firstPicture, TestEdge } from "../support/test-edge.ts";

// What users' programs really send (test/support/clients.jsonl), to an operator who has set aliases and sizes, and to
// one who has not. `@APPLE` stands for a picture's file, `MODEL` for a model's id.

interface ClientCase {
  readonly program: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: object;
  readonly form?: Readonly<Record<string, string>>;
}

const cases: readonly ClientCase[] = casesText
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const aliases = new Map(["gpt-image-1", "dall-e-3", "dall-e-2"].map((name) => [name, "tiny"] as const));
const strict = new TestEdge();
const publicUrl = "https://images.example.com";
const obliging = new TestEdge({ MODEL_ALIASES: aliases, UNSUPPORTED_SIZES: "nearest", PUBLIC_URL: publicUrl });

async function send(edge: TestEdge, key: string, program: string): Promise<Response> {
  const found = cases.find((each) => each.program === program);
  if (found === undefined) throw new TypeError(`${program} is no case.`);
  const { method, path, headers = {}, json, form } = found;
  const text = json === undefined ? undefined : JSON.stringify(json).replaceAll('"MODEL"', '"tiny"');
  const type = text === undefined ? {} : { "content-type": "application/json" };
  const isPacked = headers["content-encoding"] === "gzip";
  return edge.fetch(path.replace("MODEL", "tiny"), {
    method,
    headers: { authorization: `Bearer ${key}`, ...type, ...headers },
    ...(text === undefined ? {} : { body: isPacked ? await packed("gzip", text) : text }),
    ...(form === undefined ? {} : { body: formOf(form) }),
  });
}

async function packed(format: "gzip" | "deflate", text: string): Promise<ArrayBuffer> {
  return new Response(new Blob([text]).stream().pipeThrough(new CompressionStream(format))).arrayBuffer();
}

function formOf(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === "@APPLE") form.append(name, new Blob(["a picture"], { type: "image/png" }), "apple.png");
    else form.append(name, value);
  }
  return form;
}

async function answered(edge: TestEdge, program: string, key?: string): Promise<ImagesResponse> {
  const response = await send(edge, key ?? (await edge.createKey()), program);
  if (response.status !== 200) throw new TypeError(`${program}: ${response.status} ${await response.text()}`);
  return response.json();
}

async function refused(edge: TestEdge, program: string) {
  const response = await send(edge, await edge.createKey(), program);
  const { error } = await response.json<{ readonly error: { readonly param: string; readonly message: string } }>();
  return { status: response.status, ...error };
}

/** Program → status and field at fault: for an operator who has not set aliases and sizes, and for one who has. */
const answers: Readonly<Record<string, readonly [unset: string, set: string]>> = {
  "Open WebUI, no model set": ["404 model", "200"],
  "Open WebUI, regenerate": ["200", "200"],
  LibreChat: ["404 model", "200"],
  n8n: ["404 model", "200"],
  "LangChain DallEAPIWrapper": ["400 size", "200"],
  "openai 7.57, new qualities": ["200", "200"],
  "openai 7.57, formats we cannot make": ["400 output_format", "400 output_format"],
  "vLLM-Omni and diffusers habits": ["200", "200"],
  "many front ends, random seed": ["200", "200"],
  "chat, emoji alone": ["200", "200"],
  "chat, emoji among words": ["200", "200"],
  "nothing readable": ["400 prompt", "400 prompt"],
  "Hugging Face client, no cache": ["200", "200"],
  "compressed body": ["200", "200"],
  "form, image as text": ["400 image", "400 image"],
  "form, indexed field": ["200", "200"],
  "form, empty mask": ["200", "200"],
  "job with names of one's own": ["201", "201"],
  // The platform answers this one before the Worker: see `test/browser/playground.test.ts`.
  "a browser": ["404 null", "404 null"],
  "base URL without /v1": ["404 null", "404 null"],
};

describe.each([
  ["has not set aliases and sizes", strict, 0],
  ["has", obliging, 1],
] as const)("an operator who %s", (_, edge, place) => {
  let key: string;
  beforeAll(async () => {
    key = await edge.createKey();
  });

  test.each(cases.map(({ program }) => program))("answers %s as it must", async (program) => {
    const response = await send(edge, key, program);
    const { error } = response.ok ? {} : await response.json<{ error?: { param: string | null } }>();
    expect(error === undefined ? `${response.status}` : `${response.status} ${error.param}`).toBe(
      answers[program]?.[place],
    );
  });
});

test("a job's metadata and its requests' names come back in the job and its results", async () => {
  const key = await strict.createKey();
  const jobs = new JobClient(strict, key);
  expect(await (await send(strict, key, "job with names of one's own")).json()).toMatchObject({
    metadata: { campaign: "a" },
  });
  const ended = await jobs.ended("job-1");
  expect(ended).toMatchObject({
    metadata: { campaign: "a" },
    results: { data: [{ custom_id: "one", state: "succeeded" }] },
  });
});

describe("an operator who has set aliases and sizes", () => {
  test("gets the model's own size for auto, and the nearest for one that it lacks", async () => {
    expect(await answered(obliging, "LibreChat")).toMatchObject({ size: "64x64" });
    expect(await answered(obliging, "Open WebUI, no model set")).toMatchObject({ size: "96x96" });
  });

  test("warns of a size that became another, and of fields without effect", async () => {
    const { warnings } = await answered(obliging, "n8n");
    expect(warnings.map((warning) => /'?(\w+)/u.exec(warning)?.[1])).toEqual(["quality", "style", "size_replaced"]);
    expect(warnings.at(-1)).toContain("1024x1024; 96x96");
  });
});

describe("an operator who has not", () => {
  test.each(["LibreChat", "Open WebUI, no model set", "n8n"])("refuses %s and names the setting", async (program) => {
    expect(await refused(strict, program)).toMatchObject({
      status: 404,
      param: "model",
      message: expect.stringContaining("MODEL_ALIASES"),
    });
  });

  test("refuses a size and names the setting", async () => {
    expect(await refused(strict, "LangChain DallEAPIWrapper")).toMatchObject({
      status: 400,
      param: "size",
      message: expect.stringContaining("UNSUPPORTED_SIZES"),
    });
  });
});

test("openai's new qualities are accepted with warnings, and a format that cannot be made is refused by name", async () => {
  const { warnings } = await answered(strict, "openai 7.57, new qualities");
  expect(warnings.map((warning) => warning.split("'")[1])).toEqual(["quality", "complexity"]);
  const svg = await refused(strict, "openai 7.57, formats we cannot make");
  expect(svg).toMatchObject({ status: 400, param: "output_format", message: expect.stringContaining("webp") });
});

test("num_inference_steps is steps, with the latent of that many", async () => {
  await answered(strict, "vLLM-Omni and diffusers habits");
  expect(obliging.backend.jobs.at(-1)).toMatchObject({ steps: 8 });
});

test("links of a job's results lead to the operator's public address", async () => {
  const key = await obliging.createKey();
  await send(obliging, key, "job with names of one's own");
  const [result] = (await new JobClient(obliging, key).ended("job-1")).results.data;
  expect(result?.data).toEqual([expect.objectContaining({ url: expect.stringMatching(`^${publicUrl}/v1/images/`) })]);
});

test("the seed -1 draws another one each time, and the answer tells it", async () => {
  const key = await strict.createKey();
  const seeds = new Set<number>();
  for (let time = 0; time < 3; time += 1) {
    seeds.add(firstPicture(await answered(strict, "many front ends, random seed", key)).seed);
  }
  expect(seeds.size).toBe(3);
});

test("regenerate gives another picture each time under a key whose default is fresh, and without knowing our fields", async () => {
  const fresh = await strict.createKey(undefined, undefined, { defaults: { reuse: "fresh" } });
  const plain = await strict.createKey();
  const seedsOf = async (key: string) => {
    const seeds = new Set<number>();
    for (let time = 0; time < 4; time += 1)
      seeds.add(firstPicture(await answered(strict, "Open WebUI, regenerate", key)).seed);
    return seeds.size;
  };
  expect(await seedsOf(fresh)).toBe(4);
  expect(await seedsOf(plain)).toBe(1);
});

test("Hugging Face's use_cache: false makes another picture each time, as its header x-use-cache does", async () => {
  const key = await strict.createKey();
  const seedOf = async (response: Promise<Response>) => (await response).headers.get("x-wuerstchen-seed");
  const program = "Hugging Face client, no cache";
  const body = JSON.stringify({ inputs: "red apple" });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", "x-use-cache": "false" };
  const asHeader = () => strict.fetch("/hf/models/tiny", { method: "POST", headers, body });
  const seeds = [send(strict, key, program), send(strict, key, program), asHeader(), asHeader()].map(seedOf);
  expect(new Set(await Promise.all(seeds)).size).toBe(4);
});

test.each([
  ["inputs", { inputs: "\ua66e\ua66e" }],
  ["parameters.num_inference_steps", { inputs: "apple", parameters: { num_inference_steps: 101 } }],
  ["parameters.guidance_scale", { inputs: "apple", parameters: { guidance_scale: 16 } }],
  ["parameters.width", { inputs: "apple", parameters: { width: 50, height: 50 } }],
])("Hugging Face's client reads of a fault in '%s' under its own name", async (param, body) => {
  const headers = { authorization: `Bearer ${await strict.createKey()}`, "content-type": "application/json" };
  const answer = await strict.fetch("/hf/models/tiny", { method: "POST", headers, body: JSON.stringify(body) });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(`'${param}'`)]);
});

test("without response_format, a picture has both its base64 and a link that opens", async () => {
  const [picture] = (await answered(obliging, "LangChain DallEAPIWrapper")).data;
  expect(picture).toMatchObject({ b64_json: expect.any(String), url: expect.any(String) });
  const link = picture !== undefined && "url" in picture ? picture.url : "";
  expect(link).toMatch(/^https:\/\/images\.example\.com\/v1\/images\//u);
  const opened = new Uint8Array(await (await obliging.fetch(link)).arrayBuffer());
  expect(picture).toMatchObject({ b64_json: btoa(String.fromCharCode(...opened)) });
});

test("without response_format, pictures too large for one answer are links alone, with a warning", async () => {
  const key = await strict.createKey();
  const works = globalThis.fetch;
  const large = "x".repeat(9 * 2 ** 20);
  globalThis.fetch = async (url, init) => {
    const made = await works(String(url), { ...init });
    return String(url).includes("/decode?") ? new Response(large, { headers: made.headers }) : made;
  };
  const one = await strict.generate(key, { prompt: "red apple", seed: 70 });
  const two = await strict.generate(key, { prompt: "red apple", seed: 71, n: 2 });
  globalThis.fetch = works;
  expect(one.data.map((picture) => ["b64_json" in picture, "url" in picture])).toEqual([[true, true]]);
  expect(one.warnings).toEqual([]);
  expect(two.data.map((picture) => ["b64_json" in picture, "url" in picture])).toEqual([
    [false, true],
    [false, true],
  ]);
  expect(two.warnings).toEqual([expect.stringMatching(/^links_alone: .* 16777216 bytes/u)]);
});

describe("a body", () => {
  const sent = async (encoding: string, body: BodyInit) => {
    const key = await strict.createKey();
    const headers = {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-encoding": encoding,
    };
    return strict.fetch("/v1/images/generations", { method: "POST", headers, body });
  };
  const json = JSON.stringify({ prompt: "red apple" });

  test("that is compressed by gzip or deflate is decoded", async () => {
    expect((await sent("gzip", await packed("gzip", json))).status).toBe(200);
    expect((await sent("Deflate", await packed("deflate", json))).status).toBe(200);
    expect((await sent("identity", json)).status).toBe(200);
  });

  test("that grows beyond the limit as it is decoded is 413, whatever its own length", async () => {
    expect((await sent("gzip", await packed("gzip", " ".repeat(imagePromptsBodyBytesMax + 1)))).status).toBe(413);
  });

  test("in another encoding is 415, and one whose compression is broken is 400", async () => {
    const other = await sent("br", json);
    expect(other.status).toBe(415);
    expect(await other.text()).toContain("Content-Encoding: gzip");
    expect((await sent("gzip", json)).status).toBe(400);
  });

  test("that is not UTF-8 is refused, and no letter of it becomes another", async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('{"prompt":"caf'), 0xe9, 0x22, 0x7d]);
    const response = await sent("identity", bytes);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("UTF-8");
  });
});

describe("a form", () => {
  test("whose image is text is told that it must be a file", async () => {
    expect(await refused(strict, "form, image as text")).toMatchObject({
      status: 400,
      param: "image",
      message: expect.stringContaining("file part"),
    });
  });

  test("with a file of another name is told that name", async () => {
    const key = await strict.createKey();
    const body = formOf({ prompt: "green apple", image: "@APPLE", markup: "@APPLE" });
    const response = await strict.fetch("/v1/images/edits", {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body,
    });
    expect(await response.json()).toMatchObject({ error: { param: "markup" } });
  });
});

test("a data URL is read with parameters and in capitals", async () => {
  const key = await strict.createKey();
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  for (const start of ["data:image/png;charset=utf-8;base64,", "DATA:IMAGE/PNG;BASE64,", "data:image/png;base64,"]) {
    const body = JSON.stringify({ prompt: "green apple", image: `${start}${btoa("a picture")}` });
    expect((await strict.fetch("/v1/images/edits", { method: "POST", headers, body })).status).toBe(200);
  }
});

test("a base URL without /v1 is told where the API is", async () => {
  expect(await refused(strict, "base URL without /v1")).toMatchObject({
    status: 404,
    message: expect.stringContaining("/v1/images/generations"),
  });
});

describe("words that the model does not know", () => {
  const latentOf = async (key: string, prompt: string) =>
    firstPicture(await strict.generate(key, { prompt, seed: 1 })).latent_id;

  test("are names where they are emoji: each gives the latent of its words, and another emoji another latent", async () => {
    const key = await strict.createKey();
    const alone = firstPicture(await answered(strict, "chat, emoji alone", key)).latent_id;
    const among = firstPicture(await answered(strict, "chat, emoji among words", key)).latent_id;
    expect(alone).toBe(await latentOf(key, "red apple"));
    expect(await latentOf(key, "🐶")).not.toBe(alone);
    expect(among).not.toBe(await latentOf(key, "red apple 🍎"));
  });

  test("are refused free of charge where there are no others, and the answer names them", async () => {
    const account = "account-unknown-words";
    const key = await strict.createKey(account, 1_000);
    const response = await strict.post(key, { prompt: "ꙮꙮꙮ жж" });
    expect(response.status).toBe(400);
    const { error } = await response.json<{ readonly error: { readonly param: string; readonly message: string } }>();
    expect(error).toMatchObject({ code: "invalid_request", param: "prompt" });
    expect(error.message).toContain('"ꙮꙮꙮ", "жж"');
    expect(strict.logLines.join()).not.toContain("ꙮ");
    const balance = await (await strict.get(key, "/v1/balance")).json();
    expect(balance).toMatchObject({ available_micro_usd: 1_000, held_micro_usd: 0 });
  });

  test("are warned of by their place, in JSON and in the header of a picture", async () => {
    const key = await strict.createKey();
    const body = { prompt: "red ꙮ apple", negative_prompt: "ж", seed: 1 };
    const warnings = [
      expect.stringContaining("place: 2."),
      expect.stringMatching(/^negative_prompt_unknown_words.*: 1\.$/u),
    ];
    expect((await strict.generate(key, body)).warnings).toEqual(warnings);
    const picture = await strict.post(key, body, { accept: "image/png" });
    expect(picture.headers.get("x-wuerstchen-warning")).toContain("place: 2.");
  });
});
