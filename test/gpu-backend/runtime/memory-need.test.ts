import { describe, expect, test } from "vitest";
import { availableBytes } from "../../../gpu-backend/runtime/available-memory.ts";
import { readManifest } from "../../../gpu-backend/runtime/bundle.ts";
import { memoryFault } from "../../../gpu-backend/runtime/memory-need.ts";
import { loadedBytes } from "../../../shared/models/graph-size.ts";
import { tinyDirectory } from "../../support/tiny-bundle.ts";

const tiny = await readManifest(tinyDirectory);
const everything = Number.POSITIVE_INFINITY;

/** The six graphs that every bundle has, each so large and stored as float16. */
function bundleOf(megabytesEach: number) {
  const files = Object.entries(tiny.files).map(
    ([name, file]) => [name, { ...file, bytes: megabytesEach * 1e6 }] as const,
  );
  const graphs = Object.entries(tiny.graphs).map(([name, graph]) => [name, { ...graph, weights: "float16" }] as const);
  const { compressor: _, previewer: __, ...needed } = Object.fromEntries(graphs) as typeof tiny.graphs;
  return { ...tiny, files: Object.fromEntries(files), graphs: needed };
}

describe("a bundle", () => {
  test("that fits is loaded", () => {
    expect(memoryFault(tiny, everything, 200e6)).toBeUndefined();
  });

  test("too large for the memory is refused with the numbers and a way out", () => {
    const fault = memoryFault(bundleOf(1_000), everything, 8e9);
    // Six graphs of 2 GB as float32: 110 + 1.25 × 12,000 + 0.75 × 2,000.
    expect(fault).toContain("needs 16610 MB of memory, but 8000 MB are available");
    expect(fault).toContain("12000 MB as float32");
    expect(fault).toContain("STAGES_RESIDENT=0 loads one stage at a time");
    expect(memoryFault(bundleOf(1_000), 0, 8e9)).toBeUndefined();
  });

  test("whose largest stage alone is too large is refused in any case, saying so", () => {
    expect(memoryFault(bundleOf(10_000), 0, 8e9)).toContain(
      "even one stage at a time (STAGES_RESIDENT=0) would need 40110 MB",
    );
  });

  test("counts weights that lie beside a graph", () => {
    const file = { sha256: "0".repeat(64), bytes: 1_000 };
    const graph = { ...tiny.graphs.stageC, weights: "float16" as const };
    const files = { [graph.file]: { ...file, bytes: 10 }, [`${graph.file}.data`]: file, other: file };
    expect(loadedBytes({ files }, graph)).toBe(2_020);
    expect(loadedBytes({ files }, graph, true)).toBe(2_020);
    expect(loadedBytes({ files }, { ...graph, precision: "half" })).toBe(2_020);
    expect(loadedBytes({ files }, { ...graph, precision: "half" }, true)).toBe(1_010);
  });
});

describe("available memory", () => {
  const meminfo = "MemTotal:       32000000 kB\nMemAvailable:    1000000 kB\n";
  const of = (files: Readonly<Record<string, string>>) => availableBytes((path) => files[path], 5e9);

  test("is what the machine has left where nothing limits it", () => {
    expect(of({ "/proc/meminfo": meminfo })).toBe(1_024_000_000);
    expect(of({ "/proc/meminfo": meminfo, "/sys/fs/cgroup/memory.max": "max\n" })).toBe(1_024_000_000);
    expect(of({})).toBe(5e9);
  });

  test("is what a container's limit leaves, and files in its cache count as free", () => {
    const group = {
      "/proc/meminfo": meminfo,
      "/sys/fs/cgroup/memory.max": "500000000\n",
      "/sys/fs/cgroup/memory.current": "450000000\n",
      "/sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 100000000\n",
    };
    expect(of(group)).toBe(150_000_000);
  });

  test("heeds a limit of a group around its own, and those of version 1", () => {
    const around = { "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/memory.max": "7\n" };
    expect(of({ "/proc/meminfo": meminfo, ...around })).toBe(7);
    const first = {
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9\n",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": "2\n",
    };
    expect(of({ "/proc/meminfo": meminfo, ...first })).toBe(7);
  });
});
