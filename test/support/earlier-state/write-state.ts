import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDevelopmentAccount } from "../../../scripts/local-account.ts";
import { startLocalWorker } from "../../../scripts/local-worker.ts";
import { freePort } from "../../../scripts/ports.ts";
import { startBackend } from "../backend.ts";
import { reportedMicroUsd } from "../stored-books.ts";
import { tinyDirectory } from "../tiny-bundle.ts";
import { packState, stateApiKey, stateSecrets } from "./state.ts";

// Writes the storage of a local edge that has an account, a picture, and a job of two requests. `0.1.0.tgz` was written
// by this program in a checkout of the tag v0.1.0: `node test/support/earlier-state/write-state.ts OUT.tgz`.

const [out = "state.tgz"] = process.argv.slice(2);
const root = join(import.meta.dirname, "../../..");
const stateFolder = mkdtempSync(join(tmpdir(), "wuerstchen-state-"));
const backend = await startBackend();
const port = await freePort(0, "PORT");
const bundle = tinyDirectory;
const secrets = stateSecrets;
const worker = await startLocalWorker({
  root,
  port,
  stateFolder,
  secrets,
  bundle,
  backendUrl: backend.url,
  verbose: false,
});
const headers = { authorization: `Bearer ${await stateApiKey()}`, "content-type": "application/json" };
const send = (method: string, path: string, body?: unknown) =>
  fetch(`${worker.url}${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });

await openDevelopmentAccount(worker.url, { adminSecret: secrets.ADMIN_SECRET, apiKey: await stateApiKey() });
const made = await send("POST", "/v1/images/generations", { prompt: "apple", seed: 1 });
process.stderr.write(`${/"latent_id":"\w+"/u.exec(await made.text())}\n`);
const requests = [
  { prompt: "pear", seed: 2 },
  { prompt: "plum", seed: 3 },
];
await send("PUT", "/v1/jobs/batch-1", { requests });
while (!(await (await send("GET", "/v1/jobs/batch-1")).text()).includes('"state":"succeeded","created"')) {
  await sleep(100);
}
// The queue delivers usage events some time later.
while (reportedMicroUsd(join(stateFolder, "storage")) === 0) await sleep(100);
await worker.stop();
await backend.stop();
packState(stateFolder, out);
rmSync(stateFolder, { recursive: true });
process.exit(0);
