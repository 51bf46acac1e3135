import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLatent } from "../../shared/latents/latent-format.ts";
import { writeNextRevision } from "../support/next-revision.ts";
import { runCli } from "../support/run-cli.ts";
import { tinyDirectory, tinyRevision } from "../support/tiny-bundle.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// Two revisions of one id, served by the real Worker and a real backend over HTTP, and rolled out by `wuerstchen`.

const folder = mkdtempSync(join(tmpdir(), "roll-out-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const state = join(folder, "state");
const next = join(folder, "next");
const stack = useTinyStack(tinyDirectory, async () => ({}), [], state);

const name = writeNextRevision(tinyDirectory, next);
const [, revision] = name.split("@");
// Its report is better than that of the first one, and good enough.
const report = JSON.parse(readFileSync(join(tinyDirectory, "kpi.json"), "utf8"));
const recognition = { ...report.figures.recognition, value: 30, outcome: "met" };
const better = { ...report, revision, verdict: "met", figures: { ...report.figures, recognition } };
writeFileSync(join(next, "kpi.json"), JSON.stringify(better));

function order(...args: string[]) {
  return runCli(["models", ...args, "--url", stack().url], { WUERSTCHEN_ADMIN_SECRET: stack().adminSecret });
}

function send(method: string, path: string, body?: object): Promise<Response> {
  const headers = { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/json" };
  return fetch(`${stack().url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
}

interface Made {
  readonly id: string;
  readonly picture: string;
  readonly revision: string | undefined;
}

async function generate(request: object): Promise<Made> {
  const answer = await send("POST", "/v1/images/generations", { prompt: "apple", steps: 2, ...request });
  expect([answer.status, answer.ok ? "" : await answer.text()]).toEqual([200, ""]);
  const { data } = (await answer.json()) as { data: { latent_id: string; b64_json: string }[] };
  const [{ latent_id: id, b64_json: picture } = { latent_id: "", b64_json: "" }] = data;
  const file = new Uint8Array(await (await send("GET", `/v1/latents/${id}`)).arrayBuffer());
  return { id, picture, revision: describeLatent(file)?.metadata.revision };
}

test(
  "a new revision takes a share, is watched, and is taken back while its latents stay",
  async () => {
    cpSync(next, join(state, "models", "next"), { recursive: true });
    const added = await order("add", next, "--share", "50");
    expect(added).toMatchObject({ code: 0, stdout: `${name} gets 50 % of the unseeded requests of tiny.\n` });

    const prompts = Array.from({ length: 12 }, (_, index) => `apple ${index}`);
    const made = await Promise.all(prompts.map((prompt) => generate({ prompt })));
    const moved = made.filter((picture) => picture.revision === revision);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.length).toBeLessThan(prompts.length);
    expect(new Set(made.map((picture) => picture.revision))).toEqual(new Set([tinyRevision, revision]));
    expect((await generate({ seed: 1 })).revision).toBe(tinyRevision);
    expect((await generate({ seed: 1, model: name })).revision).toBe(revision);

    // What was counted arrives by the queue.
    const wanted = moved.length + 1;
    const shown = async () => JSON.parse((await order("roll-out", name, "--json")).stdout);
    await expect.poll(async () => (await shown()).candidate.requests, { timeout: startMsMax }).toBe(wanted);
    expect(await shown()).toMatchObject({
      share: 50,
      before: { revision: tinyRevision, requests: made.length - moved.length + 1, failed_requests: 0 },
      candidate: { revision, failed_requests: 0, p95_ms: expect.any(Number), recognition: 30 },
      verdict: null,
    });
    const kpi = ["--base-kpi", join(tinyDirectory, "kpi.json")];
    const ruled = await order("roll-out", name, "--share", "100", "--rule", "requests_min=5000", ...kpi);
    expect(ruled.stdout).toMatch(
      /100 %.*\nrevision +requests.*\n.* 8 % .*\n.* 30 % .*\nThe rule says hold: \d+ of 5000/u,
    );
    for (const prompt of prompts.slice(0, 3))
      expect((await generate({ prompt, reuse: "fresh" })).revision).toBe(revision);
    expect((await order("promote", name)).stdout).toContain("gets all unseeded requests of tiny");
    expect((await order("revisions")).stdout).toContain(`${name}  rolled out to 100 %`);

    expect((await order("withdraw", name)).stdout).toBe(`${name} is withdrawn.\n`);
    expect((await generate({ prompt: "pear" })).revision).toBe(tinyRevision);
    for (const { id, picture } of [made[0], moved[0]].flatMap((one) => one ?? [])) {
      const decoded = await send("POST", `/v1/latents/${id}/decode`, {});
      expect(await decoded.json()).toMatchObject({ data: [{ b64_json: picture }] });
    }
    expect((await order("roll-out", name)).stdout).toBe(`${name} is not being rolled out.\n`);
  },
  startMsMax,
);

test("a share or a rule that is none is refused before the service is asked", async () => {
  const refused = [
    await order("roll-out", name, "--share", "101"),
    await order("roll-out", name, "--share", "5", "--rule", "requests_min=many"),
    await order("roll-out", name, "--rule", "default"),
    await order("add", next, "--rule", "default"),
  ];
  expect(refused.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  expect(refused[1]?.stderr).toContain("requests_min");
});
