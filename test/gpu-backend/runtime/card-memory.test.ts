import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { freeCardBytes } from "../../../gpu-backend/runtime/card-memory.ts";
import { cardMemoryFault } from "../../../gpu-backend/runtime/memory-need.ts";
import { cudaFault, cudaVersions } from "../../../scripts/cuda-libraries.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

let folder = "";

/** Puts a program in front of all others. */
function standIn(name: string, script: string): NodeJS.ProcessEnv {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return { PATH: `${folder}:${process.env["PATH"]}` };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "card-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the free memory of a card", () => {
  const asked = () => readFileSync(join(folder, "asked"), "utf8").trim();
  const driver = (answer: string) => standIn("nvidia-smi", `echo "$@" > ${folder}/asked\n${answer}`);

  test("is what the driver says of the emptiest card", async () => {
    expect(await freeCardBytes(driver("echo 1000; echo 24000"))).toBe(24_000 * 2 ** 20);
    expect(asked()).toBe("--query-gpu=memory.free --format=csv,noheader,nounits");
  });

  test("is that of the card that CUDA is told to take", async () => {
    const environment = driver("echo 8000");
    expect(await freeCardBytes({ ...environment, CUDA_VISIBLE_DEVICES: "2,0" })).toBe(8_000 * 2 ** 20);
    expect(asked()).toMatch(/ --id=2$/u);
    await freeCardBytes({ ...environment, CUDA_VISIBLE_DEVICES: "$(reboot)" });
    expect(asked()).not.toContain("--id");
  });

  test.each([
    ["without a driver", undefined],
    ["with a driver that fails", "exit 9"],
    ["with one that gives no number", "echo '[N/A]'"],
  ])("is not known %s", async (_, answer) => {
    const environment = answer === undefined ? { PATH: folder } : driver(answer);
    expect(await freeCardBytes(environment)).toBeUndefined();
  });
});

describe("a bundle on a card", async () => {
  const tiny = await readManifest(tinyDirectory);
  const large = {
    ...tiny,
    files: Object.fromEntries(Object.entries(tiny.files).map(([name, file]) => [name, { ...file, bytes: 1e9 }])),
    graphs: Object.fromEntries(
      Object.entries(tiny.graphs).map(([key, graph]) => [key, { ...graph, weights: "float32" }]),
    ),
  } as typeof tiny;
  const count = Object.keys(tiny.graphs).length;

  test("that fits is loaded, and a larger one is refused with the numbers and the ways out", () => {
    expect(cardMemoryFault(large, Number.POSITIVE_INFINITY, count * 1e9 + 400e6)).toBeUndefined();
    const fault = cardMemoryFault(large, Number.POSITIVE_INFINITY, 6e9);
    expect(fault).toContain(`needs at least ${count * 1_000 + 400} MB of the card's memory, but 6000 MB are free`);
    expect(fault).toContain("STAGES_RESIDENT=0 loads one stage at a time, or an import with --precision half");
    expect(cardMemoryFault(large, 0, 6e9)).toBeUndefined();
  });
});

describe("the libraries of CUDA", () => {
  const linker = (...names: readonly string[]) =>
    standIn(
      "ldconfig",
      names.map((name) => `echo "	${name} (libc6,x86-64) => /usr/lib/${name}"`).join("\n") || "true",
    );

  test("of version 12 are found by the linker or in LD_LIBRARY_PATH, beside others", async () => {
    const environment = linker("libc.so.6", "libcudart.so.13", "libcublasLt.so.12");
    expect(await cudaVersions(environment)).toEqual([12, 13]);
    writeFileSync(join(folder, "libcudart.so.12.9.79"), "");
    expect(await cudaVersions({ ...linker("libcudart.so.13"), LD_LIBRARY_PATH: `${folder}:/nowhere` })).toEqual([
      12, 13,
    ]);
    expect(cudaFault("linux-x64", [12, 13])).toBeUndefined();
  });

  test("of version 13 alone are refused with what to install, before anything is fetched", async () => {
    const versions = await cudaVersions(linker("libcudart.so.13", "libcublas.so.13"));
    expect(cudaFault("linux-x64", versions)).toMatch(
      /CUDA 13, and .* CUDA 12 .*cuda-libraries-12-9 and libcudnn9-cuda-12/u,
    );
  });

  test("that are not there yet hold nothing up, and other platforms are named", async () => {
    expect(await cudaVersions(linker())).toEqual([]);
    expect(cudaFault("linux-x64", [])).toBeUndefined();
    expect(cudaFault("linux-arm64", [])).toContain("this is linux-arm64");
  });
});
