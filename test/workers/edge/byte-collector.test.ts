import fc from "fast-check";
import { expect, test } from "vitest";
import { createByteCollector } from "../../../workers/edge/byte-collector.ts";

test("what is collected is what was added, in order, and at most twice as much was reserved", () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });
  fc.assert(
    fc.property(chunks, fc.nat({ max: 4_000 }), (added, bytesExpected) => {
      let reserved = 0;
      const collector = createByteCollector({
        bytesMax: 4_000,
        bytesExpected,
        reserve(bytes) {
          reserved += bytes;
          return true;
        },
      });
      for (const chunk of added) expect(collector.add(chunk)).toBe("kept");
      const all = added.flatMap((chunk) => [...chunk]);
      expect([...collector.bytes()]).toEqual(all);
      expect(reserved).toBeGreaterThanOrEqual(all.length);
      expect(reserved).toBeLessThanOrEqual(2 * all.length);
    }),
  );
});

test("a chunk beyond the bound, or without room, is not kept", () => {
  const bounded = createByteCollector({ bytesMax: 3 });
  expect(bounded.add(new Uint8Array(3))).toBe("kept");
  expect(bounded.add(new Uint8Array(1))).toBe("too-long");
  const crowded = createByteCollector({ bytesMax: 3, reserve: (bytes) => bytes < 2 });
  expect(crowded.add(new Uint8Array(1))).toBe("kept");
  expect(crowded.add(new Uint8Array(1))).toBe("kept");
  expect(crowded.add(new Uint8Array(2))).toBe("too-long");
  expect(createByteCollector({ bytesMax: 9, reserve: () => false }).add(new Uint8Array(1))).toBe("no-room");
});
