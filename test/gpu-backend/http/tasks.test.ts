import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitalSourceType } from "../../../gpu-backend/image/provenance.ts";
import { encodeLatent, type LatentMetadata } from "../../../shared/latents/latent-format.ts";
import type { LatentShape } from "../../../shared/latents/latent-key.ts";
import { parseServerTiming } from "../../../shared/wire/server-timing.ts";
import { parseStageCResponse, type StageCResponse } from "../../../shared/wire/stage-c.ts";
import golden from "../../golden/tiny-pictures.json" with { type: "json" };
import { type Backend, decodeDraft, metricOf, send, stageCDraft, startBackend } from "../../support/backend.ts";
import { differenceMax } from "../../support/float32-hex.ts";
import { tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";

let backend: Backend;

beforeAll(async () => {
  backend = await startBackend();
});

afterAll(() => backend.stop());

async function runStageC(change: Partial<typeof tinyRequest> = {}): Promise<StageCResponse> {
  const task = { ...tinyRequest, ...change };
  const response = parseStageCResponse(await (await send(backend, stageCDraft(task))).json(), task);
  if (!response.ok) throw new Error("The backend refused a task.");
  return response.value;
}

async function makeLatent(change: Partial<typeof tinyRequest> = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { latents } = await runStageC(change);
  return new Uint8Array(Buffer.from(latents[0]?.safetensors ?? "", "base64"));
}

async function faultOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; param: string | null; message: string } };
  return { status: response.status, ...error };
}

describe("a Stage C task", () => {
  test("gives one latent a seed, in order, and says what it took", async () => {
    const { latents, milliseconds } = await runStageC({ seeds: [7, 4_294_967_295, 7] });
    expect(latents.map(({ seed }) => seed)).toEqual([7, 4_294_967_295, 7]);
    expect(latents[2]).toEqual(latents[0]);
    expect(latents[1]).not.toEqual(latents[0]);
    expect(milliseconds.stageC).toBeGreaterThan(0);
  });

  test("gives the same bytes when it is run again beside another seed", async () => {
    const [alone] = (await runStageC({ seeds: [11] })).latents;
    expect((await runStageC({ seeds: [12, 11] })).latents[1]).toEqual(alone);
  });

  test("that is sent again is not run again", async () => {
    const runs = () => metricOf(backend, "stage_c_runs_total");
    const first = await runStageC({ seeds: [13] });
    const before = await runs();
    expect(await runStageC({ seeds: [13] })).toEqual(first);
    expect(await runs()).toBe(before);
  });

  test.each<[Record<string, unknown>, number, string | null]>([
    [{ model: "other" }, 404, "model"],
    [{ revision: "other" }, 404, "model"],
    [{ steps: 0 }, 400, "steps"],
    [{ steps: 101 }, 400, "steps"],
    [{ steps: 1.5 }, 400, "steps"],
    [{ guidanceScale: 0.5 }, 400, "guidance_scale"],
    [{ guidanceScale: "4" }, 400, "guidanceScale"],
    [{ seeds: [] }, 400, "seeds"],
    [{ seeds: [-1] }, 400, "seeds.0"],
    [{ seeds: [2 ** 32] }, 400, "seeds.0"],
    [{ seeds: new Array(11).fill(1) }, 400, "seeds"],
    [{ tokenIds: [] }, 400, "tokenIds"],
    [{ tokenIds: new Array(17).fill(5) }, 400, "tokenIds"],
    [{ tokenIds: [2, 987_654_321, 3] }, 400, "tokenIds"],
    [{ negativeTokenIds: [2, 987_654_321, 3] }, 400, "negativeTokenIds"],
    [{ latentShape: [16, 8, 8] }, 400, "latentShape"],
    [{ latentShape: [16, 4] }, 400, "latentShape"],
    [{ prompt: "a cat" }, 400, "prompt"],
  ])("with %o is refused with %d, naming %s", async (change, status, param) => {
    const fault = await faultOf(await send(backend, stageCDraft({ ...tinyRequest, ...change })));
    expect(fault).toMatchObject({ status, param });
    expect(fault.message).not.toContain("987654321");
  });

  test.each(["", "{", "[]", "null", '"text"', "\u00ff"])("whose body is %o is refused with 400", async (text) => {
    const body = text === "\u00ff" ? Uint8Array.of(0xff) : new TextEncoder().encode(text);
    expect((await send(backend, { ...stageCDraft({}), body })).status).toBe(400);
  });
});

describe("a decode", () => {
  test.each(["png", "jpeg", "webp"])("to %s gives a picture that says a model made it", async (format) => {
    const response = await send(backend, decodeDraft(await makeLatent(), `?format=${format}`));
    expect(response.headers.get("content-type")).toBe(`image/${format}`);
    const metadata = await sharp(new Uint8Array(await response.arrayBuffer())).metadata();
    expect(metadata).toMatchObject({ format, width: 64, height: 64 });
    expect(metadata.xmp?.toString()).toContain(digitalSourceType);
  });

  test("tells what each part took", async () => {
    const response = await send(backend, decodeDraft(await makeLatent()));
    const parts = parseServerTiming(response.headers.get("server-timing"));
    expect(Object.keys(parts)).toEqual(["queue", "stage-b", "stage-a", "encode"]);
  });

  test("gives the reference's picture, up to one unit of a colour", async () => {
    for (const { seed, steps, guidanceScale, tokenIds, negativeTokenIds, pixelsBase64 } of golden.cases) {
      const latent = await makeLatent({ seeds: [seed], steps, guidanceScale, tokenIds, negativeTokenIds });
      const response = await send(backend, decodeDraft(latent));
      const pixels = await sharp(new Uint8Array(await response.arrayBuffer()))
        .raw()
        .toBuffer();
      expect(differenceMax(pixels, Buffer.from(pixelsBase64, "base64"))).toBeLessThanOrEqual(1);
    }
  });

  function latentFile(change: Partial<LatentMetadata>, shape: LatentShape = [16, 4, 4]): Uint8Array<ArrayBuffer> {
    const metadata = { model: "tiny", revision: tinyRevision, seed: "1", ...change };
    const values = new Float32Array(shape[0] * shape[1] * shape[2]);
    const file = encodeLatent({ values, shape, metadata });
    if (!file.ok) throw new Error(file.error.message);
    return file.value;
  }

  test.each<[string, () => Uint8Array<ArrayBuffer>, number, string | null]>([
    ["nothing", () => new Uint8Array(), 400, "latent"],
    ["bytes of any kind", () => new Uint8Array(500).fill(9), 400, "latent"],
    ["half a latent", () => latentFile({}).slice(0, 300), 400, "latent"],
    ["a latent of another model", () => latentFile({ model: "other" }), 404, "model"],
    ["a latent of another revision", () => latentFile({ revision: "other" }), 404, "model"],
    ["a latent without a seed", () => latentFile({ seed: "1e3" }), 400, "latent"],
    ["a latent of a size that is not offered", () => latentFile({}, [16, 5, 4]), 400, "latent"],
  ])("of %s is refused, naming what is wrong", async (_, file, status, param) => {
    expect(await faultOf(await send(backend, decodeDraft(file())))).toMatchObject({ status, param });
  });

  test.each<[string, string]>([
    ["", "format"],
    ["?format=gif", "format"],
    ["?format=jpeg&quality=101", "quality"],
    ["?format=png&width=9", "width"],
  ])("with the query %o is refused, naming the parameter", async (query, param) => {
    expect(await faultOf(await send(backend, decodeDraft(latentFile({}), query)))).toMatchObject({
      status: 400,
      param,
    });
  });
});

test("health, metrics and unknown paths answer while tasks do not disturb them", async () => {
  const get = (path: string) => fetch(`${backend.url}${path}`);
  const models = [
    { model: "tiny", revision: tinyRevision, warm: true },
    { model: "tiny-alpha", revision: expect.any(String), warm: false },
    { model: "tiny-cascade", revision: expect.any(String), warm: false },
    { model: "tiny-v2", revision: expect.any(String), warm: false },
  ];
  const tasks = { waiting: 0, running: 0 };
  const health = { status: "ready", model: "tiny", revision: tinyRevision, models, tasks };
  for (const path of ["/health", "/health/live", "/health/ready"])
    expect(await (await get(path)).json()).toEqual(health);
  expect(await faultOf(await get("/nowhere"))).toMatchObject({ status: 404, code: "not_found" });

  await makeLatent({ seeds: [1, 2] });
  const metrics = await (await get("/metrics")).text();
  expect(metrics).toMatch(/^stage_c_runs_total [1-9]\d*$/mu);
  expect(metrics).toMatch(/^decodes_total [1-9]\d*$/mu);
  expect(metrics).toMatch(/^http_requests_total\{route="\/stage-c",status="200"\} [1-9]\d*$/mu);
  expect(metrics).toMatch(/^job_part_milliseconds_count\{part="stage-c"\} [1-9]\d*$/mu);
  for (const name of ["queue_depth", "nodejs_eventloop_lag_seconds", "process_resident_memory_bytes"]) {
    expect(metrics).toMatch(new RegExp(`^${name} `, "mu"));
  }
});
