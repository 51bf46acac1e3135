import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { EncodeImageResponse } from "../../../shared/wire/encode-picture.ts";
import golden from "../../golden/tiny-starts.json" with { type: "json" };
import {
  type Backend,
  cancelDraft,
  metricOf,
  pictureDraft,
  send,
  stageCDraft,
  startBackend,
} from "../../support/backend.ts";
import { tinyRequest } from "../../support/tiny-bundle.ts";

const holdingTasks = 3;

let backend: Backend;
let picture: Uint8Array<ArrayBuffer>;
let alone: EncodeImageResponse;
let seed = 0;

beforeAll(async () => {
  // One picture at a time, so that a long task keeps uploads waiting.
  backend = await startBackend({ PICTURES_TOGETHER_MAX: "1" });
  const raw = { width: 64, height: 64, channels: 3 } as const;
  picture = Uint8Array.from(await sharp(Buffer.from(golden.pixelsBase64, "base64"), { raw }).png().toBuffer());
  alone = await bodyOf(await upload());
});

afterAll(() => backend.stop());

function upload({ file = picture, size = "64x64", jobId = "", shareKey = "" } = {}): Promise<Response> {
  const draft = pictureDraft("/encode-image", file, size);
  const named = jobId === "" ? "" : `&jobId=${jobId}`;
  const shared = shareKey === "" ? "" : `&shareKey=${shareKey}`;
  return send(backend, { ...draft, target: `${draft.target}${named}${shared}` });
}

async function bodyOf(response: Response): Promise<EncodeImageResponse> {
  return (await response.json()) as EncodeImageResponse;
}

const metric = (name: string) => metricOf(backend, name);

/** Keeps the lane busy with so many tasks of a hundred steps, far longer than uploads take to arrive. */
async function holdLane(): Promise<readonly Promise<Response>[]> {
  const held = Array.from({ length: holdingTasks }, () => {
    seed += 10;
    const seeds = Array.from({ length: 10 }, (_, i) => seed + i);
    return send(backend, stageCDraft({ ...tinyRequest, steps: 100, seeds }));
  });
  while ((await metric("queue_depth")) !== holdingTasks);
  return held;
}

/** Tells the upload of this name to stop as soon as it has arrived. */
async function cancelOnceThere(jobId: string): Promise<void> {
  for (let isThere = false; !isThere; ) {
    isThere = ((await (await send(backend, cancelDraft(jobId))).json()) as { cancelled: boolean }).cancelled;
  }
}

async function counts() {
  return { encodes: await metric("encodes_total"), shared: await metric("jobs_shared_total") };
}

describe("the same picture from many callers at once", () => {
  test("is encoded once, and each has the right answer", async () => {
    const before = await counts();
    const held = await holdLane();
    const answers = await Promise.all(Array.from({ length: 20 }, () => upload().then(bodyOf)));
    for (const { safetensors, width, height } of answers) {
      expect({ safetensors, width, height }).toEqual({ safetensors: alone.safetensors, width: 64, height: 64 });
    }
    expect(await counts()).toEqual({ encodes: before.encodes + 1, shared: before.shared + 19 });
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual(held.map(() => 200));
  });

  test("is still encoded for those who stay when one of them leaves, whoever came first", async () => {
    const before = await counts();
    const held = await holdLane();
    const leaving = upload({ jobId: "the-upload-that-leaves" });
    while ((await metric("queue_depth")) !== holdingTasks + 1);
    const staying = upload({ jobId: "the-upload-that-stays" });
    const leavingToo = upload({ jobId: "another-that-leaves" });
    await cancelOnceThere("another-that-leaves");
    await cancelOnceThere("the-upload-that-leaves");
    expect([(await leaving).status, (await leavingToo).status]).toEqual([409, 409]);
    expect((await bodyOf(await staying)).safetensors).toBe(alone.safetensors);
    expect((await counts()).encodes).toBe(before.encodes + 1);
    await Promise.all(held);
  });

  test("is encoded no more when all have left", async () => {
    const before = await counts();
    const held = await holdLane();
    const uploads = ["the-first-that-leaves", "the-second-that-leaves"].map((jobId) => upload({ jobId }));
    await cancelOnceThere("the-first-that-leaves");
    await cancelOnceThere("the-second-that-leaves");
    expect((await Promise.all(uploads)).map(({ status }) => status)).toEqual([409, 409]);
    await Promise.all(held);
    expect((await counts()).encodes).toBe(before.encodes);
  });

  test("in another size, or another picture in its size, is a run of its own", async () => {
    const before = await counts();
    const other = Uint8Array.from(await sharp(picture).negate().png().toBuffer());
    const held = await holdLane();
    const answers = await Promise.all([upload(), upload({ size: "96x64" }), upload({ file: other })]);
    const latents = await Promise.all(answers.map(async (answer) => (await bodyOf(answer)).safetensors));
    expect(latents[0]).toBe(alone.safetensors);
    expect(new Set(latents).size).toBe(3);
    expect(await counts()).toEqual({ encodes: before.encodes + 3, shared: before.shared });
    await Promise.all(held);
  });

  test("that is none is refused to each", async () => {
    const file = new TextEncoder().encode("no picture");
    const answers = await Promise.all(Array.from({ length: 4 }, () => upload({ file })));
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });
});

test("uploads of the same picture share a run with their own share key alone: accounts never learn of one another", async () => {
  const before = await metric("encodes_total");
  const held = await holdLane();
  const keys = ["a-key-of-one-account", "a-key-of-one-account", "a-key-of-another-account"];
  const answers = await Promise.all(keys.map((shareKey) => upload({ shareKey })));
  await Promise.all(held);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect((await metric("encodes_total")) - before).toBe(2);
});
