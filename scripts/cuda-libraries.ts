import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What onnxruntime-node 1.30.0 has libraries for; its provider is linked to these. */
export const supportedCuda = 12;

/** Where a linker's list is, also for those whose PATH lacks /sbin. */
const linkerFolders = "/sbin:/usr/sbin";

type Environment = Readonly<Record<string, string | undefined>>;

/** The versions of CUDA whose runtime or cuBLAS this machine's linker finds, lowest first; empty: none. */
export async function cudaVersions(environment: Environment): Promise<readonly number[]> {
  const names = [...(await linkedLibraries(environment)), ...(await namedFolders(environment))];
  const versions = names.flatMap((name) => /^lib(?:cudart|cublas|cublasLt)\.so\.(\d+)/u.exec(name)?.[1] ?? []);
  return [...new Set(versions.map(Number))].toSorted((a, b) => a - b);
}

/** Why CUDA's libraries would be fetched in vain; undefined: they may work, as far as this machine says. */
export function cudaFault(platform: string, versions: readonly number[]): string | undefined {
  if (platform !== "linux-x64") {
    return `onnxruntime-node has CUDA's libraries for Linux on x64 alone, and this is ${platform}. PROVIDER=webgpu uses a card's own driver.`;
  }
  if (versions.length === 0 || versions.includes(supportedCuda)) return undefined;
  return [
    `This machine has the libraries of CUDA ${versions.join(" and ")}, and onnxruntime-node 1.30.0 works with those of`,
    `CUDA ${supportedCuda} and cuDNN 9 alone. A driver for a later CUDA runs them too: install CUDA ${supportedCuda}'s`,
    `beside the others (of NVIDIA's packages, cuda-libraries-12-9 and libcudnn9-cuda-12), or use PROVIDER=webgpu,`,
    "which needs the driver alone.",
  ].join(" ");
}

async function linkedLibraries(environment: Environment): Promise<readonly string[]> {
  const env = { ...environment, PATH: `${environment["PATH"] ?? ""}:${linkerFolders}` };
  const listed = await run("ldconfig", ["-p"], { env }).catch(() => undefined);
  return (listed?.stdout ?? "").split("\n").map((line) => line.trim().split(" ", 1)[0] ?? "");
}

async function namedFolders({ LD_LIBRARY_PATH: folders = "" }: Environment): Promise<readonly string[]> {
  const named = folders.split(":").filter((folder) => folder !== "");
  return (await Promise.all(named.map((folder) => readdir(folder).catch(() => [])))).flat();
}
