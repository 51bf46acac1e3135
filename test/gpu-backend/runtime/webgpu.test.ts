import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { LaneOptions } from "../../../gpu-backend/lane/lane.ts";
import { decodeLatent } from "../../../shared/latents/latent-format.ts";
import { noSoftwareVulkan, softwareVulkan } from "../../support/software-vulkan.ts";
import { tinyDirectory, tinyRequest, tinyRevision } from "../../support/tiny-bundle.ts";
import { patient, startTinyLane, type TinyLane, tinyLoad } from "../../support/tiny-lane.ts";

/** The driver compiles every kernel for the processor, and a machine that is busy with other work takes its time. */
const timeout = 300_000;

const lanes: TinyLane[] = [];

afterAll(() => Promise.all(lanes.map(({ lane }) => lane.close())));

function startLane(provider: "cpu" | "webgpu", change: Partial<LaneOptions> = {}): TinyLane {
  const execution = { provider, intraOpThreads: 1 };
  // One picture at a time: trying out which rows may share a run would take most of the test.
  const patience = { taskMsMax: () => timeout, stuckMsMax: timeout, readyMsMax: timeout };
  const lane = startTinyLane({ load: { ...tinyLoad, execution, picturesMax: 1 }, ...patience, ...change });
  lanes.push(lane);
  return lane;
}

async function makeFile({ scheduler }: TinyLane): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await scheduler.runStageC({ ...tinyRequest, guidanceScale: 1 }, patient);
  if (!answer.ok) expect.fail(answer.error.failure.code);
  return new Uint8Array(answer.value.outcome.files[0] ?? []);
}

function valuesOf(file: Uint8Array): number[] {
  const latent = decodeLatent(file);
  return latent.ok ? [...latent.value.values] : [];
}

test("WebGPU makes the latent that the processor makes, to 1e-3, and paints it", { timeout }, async (context) => {
  if (softwareVulkan === undefined) return context.skip(noSoftwareVulkan);
  const webgpu = startLane("webgpu", { environment: { ...process.env, ...softwareVulkan } });
  const [file, expected] = [await makeFile(webgpu), valuesOf(await makeFile(startLane("cpu")))];
  const values = valuesOf(file);
  expect(values).toHaveLength(expected.length);
  for (const [index, value] of values.entries()) {
    expect(Math.abs(value - (expected[index] ?? Number.NaN))).toBeLessThan(1e-3 * (1 + Math.abs(value)));
  }
  const picture = await webgpu.scheduler.decode({ latent: file, revision: tinyRevision }, { format: "png" }, patient);
  expect(picture.ok).toBe(true);
});

test("WebGPU without a driver is refused, saying what it needs", async () => {
  // No driver and no loader can be found here, whatever the machine has.
  const environment = { ...process.env, VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  const { lane } = startLane("webgpu", { environment });
  expect(await lane.started).toMatchObject({
    ok: false,
    error: expect.stringContaining("needs a graphics card with a driver"),
  });
});

test("a bundle in half precision that WebGPU cannot load says what that needs beside", async () => {
  const directory = mkdtempSync(join(tmpdir(), "half-"));
  cpSync(tinyDirectory, directory, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(directory, "model.json"), "utf8"));
  manifest.graphs.textEncoder.precision = "half";
  writeFileSync(join(directory, "model.json"), JSON.stringify(manifest));
  const environment = { ...process.env, VK_ICD_FILENAMES: "/nowhere", VK_DRIVER_FILES: "/nowhere" };
  const execution = { provider: "webgpu", intraOpThreads: 1 } as const;
  const { lane } = startLane("webgpu", { environment, load: { ...tinyLoad, directory, execution } });
  expect(await lane.started).toMatchObject({ ok: false, error: expect.stringContaining("(shader-f16)") });
  rmSync(directory, { recursive: true });
});
