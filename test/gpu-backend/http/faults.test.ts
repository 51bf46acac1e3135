import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { encodeLatent } from "../../../shared/latents/latent-format.ts";
import { formatWireFailure, parseWireFailure } from "../../../shared/wire/failure.ts";
import {
  type Backend,
  decodeDraft,
  metricOf,
  send,
  signedHeaders,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { lastingSteps, useLastingTasks } from "../../support/lasting-tasks.ts";
import { tinyDirectory, tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";

const lasting = useLastingTasks();
const lastingTask = { ...tinyRequest, steps: lastingSteps };
const open: Backend[] = [];
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((backend) => backend.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(environment: Readonly<Record<string, string>> = {}): Promise<Backend> {
  const backend = await startBackend(environment);
  open.push(backend);
  return backend;
}

/** A copy of the tiny bundle that a test may spoil. */
function copyOfTiny(): { readonly directory: string; readonly environment: Readonly<Record<string, string>> } {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  folders.push(folder);
  const directory = join(folder, "tiny");
  cpSync(tinyDirectory, directory, { recursive: true });
  return { directory, environment: { MODELS_DIR: folder, STAGES_RESIDENT: "0" } };
}

/** A latent of one value everywhere. */
function latentOf(value: number): Uint8Array<ArrayBuffer> {
  const metadata = { model: "tiny", revision: tinyRevision, seed: "1" };
  const file = encodeLatent({ values: new Float32Array(256).fill(value), shape: [16, 4, 4], metadata });
  if (!file.ok) throw new TypeError(file.error.message);
  return file.value;
}

/** What float16 holds at most, and guidance that doubles it. */
const overflowing = {
  ...tinyRequest,
  steps: 20,
  guidanceScale: 15,
  start: { latent: Buffer.from(latentOf(65_504)).toString("base64"), strength: 0.5 },
};

async function failureOf(response: Response) {
  const text = await response.text();
  const [, event] = /event: error\ndata: (.*)\n/u.exec(text) ?? [];
  return JSON.parse(event ?? text);
}

describe("the answer to a run that failed tells the edge its kind, and whether it would fail elsewhere:", () => {
  const notFinite = { error: { code: "backend_failed" }, fault: { kind: "not_finite", deterministic: true } };

  test("a latent that is not finite", async () => {
    const answer = await send(await start(), stageCDraft(overflowing));
    expect(answer.status).toBe(502);
    expect(await failureOf(answer)).toMatchObject(notFinite);
  });

  test("the same where the answer is a stream", async () => {
    const backend = await start();
    const draft = stageCDraft(overflowing);
    const headers = { ...(await signedHeaders(draft)), accept: "text/event-stream" };
    const answer = await fetch(`${backend.url}${draft.target}`, { method: "POST", headers, body: draft.body });
    expect(await failureOf(answer)).toMatchObject({ status: 502, ...notFinite });
  });

  test("a picture that is not finite, which is never sent as black", async () => {
    const { directory, environment } = copyOfTiny();
    const path = join(directory, "model.json");
    const manifest = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...manifest, stageB: { ...manifest.stageB, latentScale: 1e39 } }));
    const answer = await send(await start(environment), decodeDraft(latentOf(1)));
    expect(answer.status).toBe(502);
    expect(await failureOf(answer)).toMatchObject(notFinite);
  });

  test("a bundle that was damaged after it was checked", async () => {
    const { directory, environment } = copyOfTiny();
    const backend = await start(environment);
    truncateSync(join(directory, "stage-b.onnx"), 1_000);
    const answer = await send(backend, decodeDraft(latentOf(1)));
    expect(await failureOf(answer)).toMatchObject({
      error: { code: "backend_failed" },
      fault: { kind: "bundle_damaged", deterministic: false },
    });
  });

  test("a process that died in mid-run", async () => {
    const backend = await start(lasting);
    const answer = send(backend, stageCDraft(lastingTask));
    while ((await metricOf(backend, "queue_depth")) === 0);
    process.kill(Number(backend.logged("lane ready")[0]?.["lanePid"]), "SIGKILL");
    expect(await failureOf(await answer)).toMatchObject({ fault: { kind: "process_died", deterministic: false } });
  });

  test("a run that took longer than any may", async () => {
    const backend = await start({ ...lasting, JOB_SECONDS_MAX: "1" });
    const pid = Number(backend.logged("lane ready")[0]?.["lanePid"]);
    const answer = send(backend, stageCDraft(lastingTask));
    while ((await metricOf(backend, "queue_depth")) === 0);
    // A process that is stopped makes no step until it goes on, whatever the machine.
    process.kill(pid, "SIGSTOP");
    setTimeout(() => process.kill(pid, "SIGCONT"), 1_500);
    expect(await failureOf(await answer)).toMatchObject({ fault: { kind: "timed_out", deterministic: false } });
  });
});

describe("the edge's reading of a failure", () => {
  test("is what the backend meant", () => {
    for (const fault of ["not_finite", "out_of_memory", "timed_out", "bundle_damaged", "process_died"] as const) {
      const { body } = formatWireFailure({ code: "backend_failed", fault });
      expect(parseWireFailure(body, null)?.failure).toEqual({ code: "backend_failed", fault });
    }
    for (const code of ["deadline_exceeded", "backend_unavailable"] as const) {
      expect(parseWireFailure(formatWireFailure({ code }).body, null)?.failure).toEqual({ code });
    }
    const busy = formatWireFailure({ code: "backend_overloaded", retryAfterSeconds: 6.5 });
    expect(parseWireFailure(busy.body, busy.headers["retry-after"] ?? null)?.failure).toEqual({
      code: "backend_overloaded",
      retryAfterSeconds: 7,
    });
  });

  test("goes by what a newer backend says of a kind that it does not know", () => {
    const body = { error: { code: "backend_failed" }, fault: { kind: "from the future", deterministic: true } };
    expect(parseWireFailure(body, null)).toEqual({ failure: { code: "backend_failed" }, isDeterministic: true });
  });

  test.each([["1e20"], ["-5"], ["Infinity"], ["NaN"], ["999999999"], ["Wed, 21 Oct 2026 07:28:00 GMT"], [null]])(
    "bounds the time to come back: %s",
    (retryAfter) => {
      const read = parseWireFailure({ error: { code: "backend_overloaded" } }, retryAfter);
      const seconds = read?.failure.code === "backend_overloaded" ? read.failure.retryAfterSeconds : Number.NaN;
      expect(seconds).toBeGreaterThanOrEqual(1);
      expect(seconds).toBeLessThanOrEqual(3_600);
    },
  );

  test.each([[null], [[]], ["<html>"], [{}], [{ error: {} }], [{ error: { code: "invalid_signature" } }]])(
    "is left to the status where the body says nothing: %o",
    (body) => {
      expect(parseWireFailure(body, null)).toBeUndefined();
    },
  );
});
