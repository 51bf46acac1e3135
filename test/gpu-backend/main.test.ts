import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, describe, expect, test } from "vitest";
import { readConfig, withoutSecrets } from "../../gpu-backend/config.ts";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import {
  type Backend,
  backendSecret,
  decodeDraft,
  metricOf,
  send,
  spawnMain,
  stageCDraft,
  startBackend,
} from "../support/backend.ts";
import { startBundleServer } from "../support/bundle-server.ts";
import { testSignerEnvironment } from "../support/c2pa/test-signer.ts";
import { lastingSteps, useLastingTasks } from "../support/lasting-tasks.ts";
import { publishedDirectory, publishedGolden } from "../support/published-models.ts";
import { modelsDirectory, tinyRequest } from "../support/tiny-bundle.ts";

const lasting = useLastingTasks();
/** More pictures than run together. */
const longRequest = { ...tinyRequest, steps: 0.4 * lastingSteps, seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
/** Of another model. */
const otherRequest = {
  ...tinyRequest,
  model: "tiny-v2",
  revision: publishedGolden("v2").revision,
  seeds: [7],
  steps: 2,
  latentShape: [16, 3, 3],
};
const running: Backend[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((backend) => backend.stop()));
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<Backend> {
  const backend = await startBackend(environment);
  running.push(backend);
  return backend;
}

function lanePids(backend: Backend): number[] {
  return backend.logged("lane ready").map((entry) => Number(entry["lanePid"]));
}

/** Answered health checks, one after another, until the task is done. */
async function checksUntil(backend: Backend, task: Promise<unknown>): Promise<number> {
  let isDone = false;
  let checks = 0;
  const finished = task.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await (await fetch(`${backend.url}/health/live`)).arrayBuffer();
    checks += 1;
  }
  await finished;
  return checks;
}

test("while a secret is being changed both values are accepted, and no third", async () => {
  const next = "the next secret of the tests, 32 characters";
  const backend = await start({ GPU_BACKEND_SECRET: next, GPU_BACKEND_SECRET_PREVIOUS: backendSecret });
  const statusOf = async (secret: string) => (await send(backend, { ...stageCDraft(tinyRequest), secret })).status;
  expect([await statusOf(backendSecret), await statusOf(next)]).toEqual([200, 200]);
  expect(await statusOf("a third secret, which is nobody's at all")).toBe(403);
});

test("the server answers all the while that Stage C computes", async () => {
  const backend = await start(lasting);
  const task = send(backend, stageCDraft(longRequest));
  // A server whose loop computes would answer the first of them after the task.
  expect(await checksUntil(backend, task)).toBeGreaterThan(20);
  expect((await task).status).toBe(200);
});

test("a lane that is killed in mid-task fails that task as repeatable, and those that wait are done by the next lane", async () => {
  const backend = await start(lasting);
  const task = send(backend, stageCDraft(longRequest));
  await checksUntil(backend, queueHolds(backend, 1));
  const waiting = send(backend, stageCDraft({ ...longRequest, seeds: longRequest.seeds.map((seed) => seed + 10) }));
  await queueHolds(backend, 2);
  process.kill(lanePids(backend)[0] ?? 0, "SIGKILL");
  const answer = await task;
  expect([answer.status, await answer.json()]).toMatchObject([502, { error: { code: "backend_failed" } }]);
  expect((await waiting).status).toBe(200);
  expect(lanePids(backend)).toHaveLength(2);
});

/** Resolves when so many tasks wait or run. */
async function queueHolds(backend: Backend, tasks: number): Promise<void> {
  while ((await metricOf(backend, "queue_depth")) !== tasks);
}

test("tasks beyond the queue are told when to come back, and the others are done", async () => {
  const backend = await start({ ...lasting, QUEUE_JOBS_MAX: "1" });
  const task = send(backend, stageCDraft(longRequest));
  await queueHolds(backend, 1);
  const waiting = send(backend, stageCDraft({ ...longRequest, seeds: longRequest.seeds.map((seed) => seed + 10) }));
  await queueHolds(backend, 2);
  const refused = await send(backend, stageCDraft({ ...tinyRequest, seeds: [43] }));
  expect([refused.status, refused.headers.has("retry-after")]).toEqual([429, true]);
  expect([(await task).status, (await waiting).status]).toEqual([200, 200]);
});

describe("the server stops", () => {
  test("on SIGTERM, after the running task has been answered, and leaves no lane behind", async () => {
    const backend = await start(lasting);
    const task = send(backend, stageCDraft(longRequest));
    await queueHolds(backend, 1);
    backend.process.kill("SIGTERM");
    expect((await task).status).toBe(200);
    expect(await once(backend.process, "exit")).toEqual([0, null]);
    expect(() => process.kill(lanePids(backend)[0] ?? 0, 0)).toThrow("ESRCH");
  });

  test("on SIGINT without waiting longer than it may", async () => {
    const backend = await start({ ...lasting, SHUTDOWN_SECONDS_MAX: "0" });
    const task = send(backend, stageCDraft(longRequest));
    await queueHolds(backend, 1);
    const outcome = expect(task).rejects.toThrow();
    backend.process.kill("SIGINT");
    expect(await once(backend.process, "exit")).toEqual([0, null]);
    await outcome;
  });

  test("when standard input closes", async () => {
    const backend = await start();
    backend.process.stdin?.end();
    expect(await once(backend.process, "exit")).toEqual([0, null]);
  });
});

test("a lane ends by itself when its server is killed, in mid-task too", async () => {
  const backend = await start(lasting);
  const outcome = expect(send(backend, stageCDraft(longRequest))).rejects.toThrow();
  await queueHolds(backend, 1);
  backend.process.kill("SIGKILL");
  // "close" comes when nobody holds the server's standard error any more, and its lane has inherited that.
  expect(await once(backend.process, "close")).toEqual([null, "SIGKILL"]);
  await outcome;
});

describe("the server does not start", () => {
  const sound = { GPU_BACKEND_SECRET: backendSecret, MODELS_DIR: modelsDirectory, MODEL_ID: "tiny", PORT: "0" };

  test.each<[Record<string, string>, RegExp]>([
    [{ ...sound, GPU_BACKEND_SECRET: "short-and-secret" }, /GPU_BACKEND_SECRET/u],
    [{ ...sound, PORT: "99999" }, /PORT/u],
    [{ ...sound, MODELS_URL: "https://short-and-secret@bucket.example" }, /MODELS_URL: must hold no credentials/u],
    [{ ...sound, C2PA_CERTIFICATES: "certificates.pem" }, /C2PA_PRIVATE_KEY: must be set too/u],
    [
      { ...sound, ...testSignerEnvironment, C2PA_PRIVATE_KEY: "/missing" },
      /file that C2PA_PRIVATE_KEY names cannot be/u,
    ],
    [{ ...sound, MODEL_ID: "missing" }, /missing\/model\.json cannot be read/u],
  ])("with %o, and says why without the secret", async (environment, reason) => {
    const child = spawnMain(environment);
    let output = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    expect(await once(child, "close")).toEqual([1, null]);
    expect(output).toMatch(reason);
    expect(output).not.toContain("short-and-secret");
  });
});

test("a bundle that is put into the folder is served without a restart, each latent and picture by its own model", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bundles-"));
  try {
    cpSync(join(modelsDirectory, "tiny"), join(folder, "tiny"), { recursive: true });
    const backend = await start({ MODELS_DIR: folder, MODELS_RESIDENT: "0" });
    const latentOf = async (request: object) => {
      const response = await send(backend, stageCDraft(request));
      const body: { latents?: { safetensors: string }[]; error?: object } = JSON.parse(await response.text());
      return {
        status: response.status,
        error: body.error,
        file: Buffer.from(body.latents?.[0]?.safetensors ?? "", "base64"),
      };
    };
    const first = await latentOf(tinyRequest);
    expect(await latentOf(otherRequest)).toMatchObject({
      status: 404,
      error: { code: "model_not_found", param: "model" },
    });

    cpSync(join(modelsDirectory, "tiny-v2"), join(folder, "being-copied"), { recursive: true });
    let second = await latentOf(otherRequest);
    while (second.status === 404) second = await latentOf(otherRequest);
    expect(describeLatent(second.file)?.metadata).toMatchObject({ model: "tiny-v2", seed: "7" });

    // The first was evicted for the second, and is loaded again.
    const pictures = [first, second, first].map(({ file }) => send(backend, decodeDraft(Uint8Array.from(file))));
    const [a, b, again] = await Promise.all(
      pictures.map(async (sent) => new Uint8Array(await (await sent).arrayBuffer())),
    );
    expect((await sharp(a).metadata()).width).toBe(64);
    expect((await sharp(b).metadata()).width).toBe(128);
    expect(again).toEqual(a);
    expect(backend.logged("model evicted").length).toBeGreaterThan(1);
    expect((await latentOf(tinyRequest)).file).toEqual(first.file);
    const health = await (await fetch(`${backend.url}/health/ready`)).json();
    expect(health).toMatchObject({ status: "ready", model: "tiny", models: [{ model: "tiny" }, { model: "tiny-v2" }] });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a bundle that only MODELS_URL holds is fetched when a task wants it, and served", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bundles-"));
  const bucket = await startBundleServer(publishedDirectory("v2"), otherRequest.revision);
  try {
    cpSync(join(modelsDirectory, "tiny"), join(folder, "tiny"), { recursive: true });
    const backend = await start({ MODELS_DIR: folder, MODELS_URL: bucket.url });
    const response = await send(backend, stageCDraft(otherRequest));
    expect(response.status).toBe(200);
    expect(backend.logged("bundle not fetched")).toEqual([]);
    const health = await (await fetch(`${backend.url}/health/ready`)).json();
    expect(health).toMatchObject({ models: [{ model: "tiny" }, { model: "tiny-v2", warm: true }] });
  } finally {
    await bucket.close();
    rmSync(folder, { recursive: true });
  }
});

test("settings have defaults but for the secret, which no child process gets", () => {
  const environment = { GPU_BACKEND_SECRET: backendSecret };
  expect(readConfig(environment)).toMatchObject({ HOST: "127.0.0.1", PORT: 8788, STDIN_CLOSE_EXITS: false });
  expect(() => readConfig({})).toThrow("GPU_BACKEND_SECRET");
  expect(withoutSecrets({ ...environment, MODELS_TOKEN: "secret", PATH: "/bin" })).toEqual({ PATH: "/bin" });
});

test("the process that computes stands back behind the one that answers, as far as it is told", async () => {
  const backend = await start({ LANE_NICE: "7" });
  expect(getPriority(lanePids(backend)[0])).toBe(7);
  expect(getPriority(backend.process.pid)).toBe(getPriority());
});
