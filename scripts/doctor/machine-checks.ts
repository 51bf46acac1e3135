import { accessSync, constants, existsSync, mkdirSync, statfsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { memoryFault } from "../../gpu-backend/runtime/memory-need.ts";
import type { Manifest } from "../../shared/models/manifest.ts";
import { type Check, type Finding, fault, found, reasonOf, warning } from "./check.ts";

/** The oldest Node that runs TypeScript files as they are, which every script here is. */
const nodeMin = [22, 18] as const;

/** Storage of a local run grows by some 15 KB a picture; below this, a day of tries fills the disk. */
const diskBytesMin = 1e9;

/** What this machine is. Numbers are arguments, so that a small machine can be asked about on a large one. */
export interface Machine {
  readonly root: string;
  readonly nodeVersion: string;
  readonly availableBytes: number;
  readonly freeDiskBytes: (folder: string) => number;
}

/** Node, packages, memory, disk and write rights. `manifest`: undefined where the bundle cannot be read. */
export function machineChecks(machine: Machine, state: string, manifest: Manifest | undefined): readonly Check[] {
  return [
    { name: "Node", run: () => checkNode(machine.nodeVersion) },
    { name: "packages", run: () => checkPackages(machine.root) },
    { name: "memory", run: () => checkMemory(machine, manifest) },
    { name: "disk", run: () => checkDisk(machine, state) },
    { name: "write rights", run: () => checkWriting(state) },
  ];
}

function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin, minorMin] = nodeMin;
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return found(version);
  return fault(`${version} is too old.`, `Install Node ${majorMin}.${minorMin} or newer. .nvmrc names the tested one.`);
}

/** Those with a binary of their own: where the install was cut short or made on another platform, these fail. */
const nativePackages = ["onnxruntime-node", "sharp", "workerd"] as const;

function checkPackages(root: string): Finding {
  const load = createRequire(join(root, "package.json"));
  for (const name of nativePackages) {
    try {
      load(name);
    } catch (error) {
      return fault(`${name} cannot be loaded: ${reasonOf(error)}`, "Run `npm ci` in the project's folder.");
    }
  }
  return found(`${nativePackages.join(", ")} load`);
}

function checkMemory({ availableBytes }: Machine, manifest: Manifest | undefined): Finding {
  if (manifest === undefined) return warning("The bundle could not be read.", "Mend the bundle first.");
  const problem = memoryFault(manifest, Number.POSITIVE_INFINITY, availableBytes);
  if (problem === undefined) return found(`${Math.round(availableBytes / 1e6)} MB are available`);
  return fault(problem, "Close other programs, or set STAGES_RESIDENT as said.");
}

function checkDisk({ freeDiskBytes }: Machine, state: string): Finding {
  const free = freeDiskBytes(nearestFolder(state));
  const detail = `${Math.floor(free / 1e6)} MB are free for ${state}`;
  if (free >= diskBytesMin) return found(detail);
  return fault(`${detail}.`, "Free at least 1 GB, or name a folder on another disk with --state.");
}

function checkWriting(state: string): Finding {
  try {
    const folder = nearestFolder(state);
    accessSync(folder, constants.W_OK | constants.X_OK);
    mkdirSync(state, { recursive: true });
    return found(state);
  } catch (error) {
    return fault(
      `${state} cannot be written: ${reasonOf(error)}`,
      "Give this user the right to write there, or name another folder with --state.",
    );
  }
}

/** Free bytes for a user who is not root. */
export function freeDiskBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** The folder, or the nearest one above it that exists. */
function nearestFolder(folder: string): string {
  return existsSync(folder) ? folder : nearestFolder(dirname(folder));
}
