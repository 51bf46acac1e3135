import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitalSourceType } from "../../../gpu-backend/image/provenance.ts";
import { createEventReader, type ServerEvent } from "../../../shared/wire/event-stream.ts";
import { parseStageCResponse } from "../../../shared/wire/stage-c.ts";
import { parseStageCMessage, type StageCMessage } from "../../../shared/wire/stage-c-events.ts";
import type { TaskTerms } from "../../../shared/wire/task-terms.ts";
import { type Backend, metricOf, send, signedHeaders, stageCDraft, startBackend } from "../../support/backend.ts";
import { lastingSteps, useLastingTasks } from "../../support/lasting-tasks.ts";
import { tinyDirectory, tinyRequest } from "../../support/tiny-bundle.ts";

const lasting = useLastingTasks();
let backend: Backend;
let seed = 5_000;

beforeAll(async () => {
  backend = await startBackend(lasting);
});

afterAll(() => backend.stop());

/** A task that nobody has asked for yet. */
function newTask(change: object = {}) {
  seed += 10;
  return { ...tinyRequest, seeds: [seed], ...change };
}

async function ask(task: unknown, signal?: AbortSignal, { url } = backend, terms: TaskTerms = {}): Promise<Response> {
  const draft = stageCDraft(task, terms);
  const headers = { ...(await signedHeaders(draft)), accept: "text/event-stream" };
  const { body, target } = draft;
  return fetch(`${url}${target}`, { method: "POST", headers, body, ...(signal && { signal }) });
}

async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  const reader = createEventReader();
  for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    yield* reader.push(text);
  }
}

async function messagesOf(response: Response, task: typeof tinyRequest): Promise<StageCMessage[]> {
  const messages: StageCMessage[] = [];
  for await (const event of eventsOf(response)) {
    const message = parseStageCMessage(event, task);
    if (message === undefined) throw new Error(`Not understood: ${event.event}`);
    messages.push(message);
  }
  return messages;
}

/** [sample, step] of every preview. */
function previewsIn(messages: readonly StageCMessage[]) {
  return messages.flatMap((message) =>
    message.kind === "event" && message.event.kind === "preview" ? [message.event] : [],
  );
}

function stepsIn(messages: readonly StageCMessage[]): number[] {
  return messages.flatMap((message) =>
    message.kind === "event" && message.event.kind === "progress" ? [message.event.step] : [],
  );
}

function latentsIn(messages: readonly StageCMessage[]): string[] {
  const last = messages.at(-1);
  return last?.kind === "end" && last.end.ok ? last.end.value.latents.map(({ safetensors }) => safetensors) : [];
}

const queueDepth = () => metricOf(backend, "queue_depth");

describe("a Stage C task whose sender accepts events", () => {
  test("tells its steps and shows every sample, then gives the very body of the JSON answer", async () => {
    const task = newTask({ steps: lastingSteps, previewEverySteps: 50 });
    const wanted = { ...task, seeds: [seed, seed + 1] };
    const response = await ask(wanted);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const messages = await messagesOf(response, wanted);

    const steps = stepsIn(messages);
    expect(steps.length).toBeGreaterThan(1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    const previews = previewsIn(messages);
    expect(new Set(previews.map(({ sample }) => sample))).toEqual(new Set([0, 1]));
    for (const { step, format, image } of previews) {
      expect(step % 50).toBe(0);
      const picture = await sharp(Buffer.from(image, "base64")).metadata();
      expect(picture).toMatchObject({ format, width: 64, height: 64 });
      expect(picture.xmp?.toString()).toContain(digitalSourceType);
    }
    const again = parseStageCResponse(await (await send(backend, stageCDraft(wanted))).json(), wanted);
    expect(messages.at(-1)).toEqual({ kind: "end", end: again });
  });

  test("makes the latents that it makes without previews", async () => {
    const task = newTask({ steps: lastingSteps });
    const watched = await messagesOf(await ask({ ...task, previewEverySteps: 20, previewFormat: "png" }), task);
    expect(previewsIn(watched).length).toBeGreaterThan(0);
    // Another backend, which has kept no outcome.
    const other = await startBackend(lasting);
    const answer = parseStageCResponse(await (await send(other, stageCDraft(task))).json(), task);
    await other.stop();
    expect(answer.ok && answer.value.latents.map(({ safetensors }) => safetensors)).toEqual(latentsIn(watched));
  });

  test.each([{}, { previewEverySteps: 0 }])("shows nothing that was not asked for: %o", async (wish) => {
    const task = newTask(wish);
    const messages = await messagesOf(await ask(task), task);
    expect([previewsIn(messages), latentsIn(messages).length]).toEqual([[], 1]);
  });

  test("that was done before gives its result alone", async () => {
    const task = newTask({ previewEverySteps: 1 });
    const first = latentsIn(await messagesOf(await ask(task), task));
    const again = await messagesOf(await ask(task), task);
    expect([again.length, latentsIn(again)]).toEqual([1, first]);
  });

  test("sent twice at once runs once, and both hear of it", async () => {
    const task = newTask({ steps: lastingSteps, previewEverySteps: 100 });
    const answers = await Promise.all([ask(task), ask(task)]);
    const heard = await Promise.all(answers.map((answer) => messagesOf(answer, task)));
    for (const messages of heard) expect(stepsIn(messages).length).toBeGreaterThan(0);
    expect(heard.map(latentsIn)[0]).toEqual(heard.map(latentsIn)[1]);
  });

  test("stops when the reader leaves in the middle", async () => {
    const client = new AbortController();
    const response = await ask(newTask({ steps: lastingSteps }), client.signal);
    for await (const { event } of eventsOf(response)) {
      expect(event).toBe("progress");
      break;
    }
    client.abort();
    while ((await queueDepth()) > 0);
    expect(await (await fetch(`${backend.url}/metrics`)).text()).toMatch(
      /^jobs_total\{kind="stage-c",outcome="job_cancelled"\} 1$/mu,
    );
  });

  test("that fails after it has begun ends with an error in the usual envelope", async () => {
    const response = await ask(
      newTask({ steps: lastingSteps, seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9] }),
      undefined,
      backend,
      {
        deadlineMs: 500,
      },
    );
    const events: ServerEvent[] = [];
    for await (const event of eventsOf(response)) events.push(event);
    const { event, data } = events.at(-1) ?? { event: "", data: "{}" };
    expect(event).toBe("error");
    expect(JSON.parse(data)).toEqual({
      status: 504,
      error: expect.objectContaining({ code: "deadline_exceeded", type: "server_error", param: null }),
    });
  });

  test.each([
    [{ steps: 0 }, 400],
    [{ previewEverySteps: -1 }, 400],
    [{ previewEverySteps: 1.5 }, 400],
    [{ previewFormat: "gif" }, 400],
    [{ model: "other" }, 404],
  ])("that is wrong is refused by its status: %o", async (change, status) => {
    const response = await ask(newTask(change));
    expect([response.status, response.headers.get("content-type")]).toEqual([status, "application/json"]);
    await response.body?.cancel();
  });
});

test("a busy backend refuses a stream as it refuses any task, with 429", async () => {
  const busy = await startBackend({
    ...lasting,
    QUEUE_JOBS_MAX: "0",
    PICTURES_TOGETHER_MAX: "1",
    SHUTDOWN_SECONDS_MAX: "0",
  });
  const client = new AbortController();
  const running = await Promise.all([1, 2].map(() => ask(newTask({ steps: lastingSteps }), client.signal, busy)));
  const refused = await ask(newTask(), undefined, busy);
  expect([refused.status, Number(refused.headers.get("retry-after")) > 0]).toEqual([429, true]);
  client.abort();
  await Promise.allSettled(running.map((answer) => answer.text()));
  await busy.stop();
});

test("a bundle without a previewer tells steps and shows nothing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "no-previewer-"));
  await cp(tinyDirectory, join(folder, "tiny"), { recursive: true });
  const path = join(folder, "tiny", "model.json");
  const { graphs, files, ...manifest } = JSON.parse(await readFile(path, "utf8"));
  const { previewer: _, ...kept } = graphs;
  const { "previewer.onnx": __, ...keptFiles } = files;
  await writeFile(path, JSON.stringify({ ...manifest, graphs: kept, files: keptFiles }));
  await rm(join(folder, "tiny", "previewer.onnx"));

  const plain = await startBackend({ MODELS_DIR: folder });
  const task = newTask({ steps: 12, previewEverySteps: 1 });
  const messages = await messagesOf(await ask(task, undefined, plain), task);
  await plain.stop();
  await rm(folder, { recursive: true });
  expect([previewsIn(messages), latentsIn(messages).length, stepsIn(messages).length > 0]).toEqual([[], 1, true]);
});
