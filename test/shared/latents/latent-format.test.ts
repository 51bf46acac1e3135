import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromHex } from "../../../shared/hex.ts";
import { decodeLatent, encodeLatent, type Latent } from "../../../shared/latents/latent-format.ts";
import { type LatentEncoding, latentEncodings } from "../../../shared/latents/latent-values.ts";
import { latentFileBytesMax } from "../../../shared/limits.ts";
import golden from "../../golden/latent.json" with { type: "json" };

const goldenFile = fromHex(golden.fileHex) ?? new Uint8Array();
const latent: Latent = {
  values: Float32Array.from(golden.values),
  shape: [2, 3, 4],
  metadata: { model: "emoji-128", revision: "r1", seed: "42" },
};

function encoded(source: Latent = latent, encoding: LatentEncoding = "float16"): Uint8Array<ArrayBuffer> {
  const result = encodeLatent(source, encoding);
  if (!result.ok) expect.fail(result.error.message);
  return result.value;
}

function headerOf(file: Uint8Array): { bytes: number; json: unknown } {
  const bytes = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { bytes, json: JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + bytes))) };
}

/** A file with a header of the test's own making, padded as the format asks. */
function fileWith(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header.padEnd(Math.ceil(header.length / 8) * 8));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setUint32(0, text.length, true);
  file.set(text, 8);
  return file;
}

function header(change: object, metadata: object = {}): string {
  return JSON.stringify({
    __metadata__: { format: "wuerstchen-edge/latent@1", model: "m", revision: "r", seed: "1", ...metadata },
    latent: { dtype: "F16", shape: [1, 1, 2], data_offsets: [0, 4], ...change },
  });
}

function int8Header(metadata: object): string {
  const own = { format: "wuerstchen-edge/latent@2", ...metadata };
  return header({ dtype: "I8", data_offsets: [0, 2] }, own);
}

function reasonFor(file: Uint8Array): string {
  const result = decodeLatent(file);
  return result.ok ? "accepted" : result.error.reason;
}

describe("encodeLatent", () => {
  test("writes what Python's safetensors writes: same header, same padding, same bytes", () => {
    const file = encoded();
    expect(headerOf(file)).toEqual(headerOf(goldenFile));
    expect(file.subarray(8 + headerOf(file).bytes)).toEqual(goldenFile.subarray(8 + headerOf(goldenFile).bytes));
  });

  test("the values begin at a multiple of eight, whatever the metadata", () => {
    for (const model of ["a", "ab", "abc", "ünïcode"]) {
      expect(headerOf(encoded({ ...latent, metadata: { ...latent.metadata, model } })).bytes % 8).toBe(0);
    }
  });

  test("writes as int8 what Python's safetensors writes", () => {
    const file = encoded(latent, "int8");
    const expected = fromHex(golden.int8FileHex) ?? new Uint8Array();
    expect(headerOf(file)).toEqual(headerOf(expected));
    expect(file.subarray(8 + headerOf(file).bytes)).toEqual(expected.subarray(8 + headerOf(expected).bytes));
  });

  test("a 16×24×24 latent's values are 18,432 bytes as float16 and 9,216 as int8", () => {
    const large: Latent = { ...latent, shape: [16, 24, 24], values: new Float32Array(16 * 24 * 24).fill(0.123) };
    const sizes = latentEncodings.map((encoding) => encoded(large, encoding));
    expect(sizes.map((file) => file.length - 8 - headerOf(file).bytes)).toEqual([18_432, 9_216]);
    expect(sizes[1]?.length).toBeLessThan(10_000);
  });

  test("the same latent always gives the same bytes", () => {
    const { seed, ...rest } = latent.metadata;
    expect(encoded({ ...latent, metadata: { seed, ...rest } as Latent["metadata"] })).toEqual(encoded());
  });

  test("a value that int8's scales cannot hold is refused, and a channel of zeros is not", () => {
    for (const value of [Number.NaN, Number.NEGATIVE_INFINITY]) {
      const result = encodeLatent({ ...latent, values: new Float32Array(24).fill(value) }, "int8");
      expect(result).toMatchObject({ ok: false, error: { reason: "not_finite" } });
    }
    const zeros = decodeLatent(encoded({ ...latent, values: new Float32Array(24) }, "int8"));
    expect(zeros.ok && [...zeros.value.values]).toEqual(new Array(24).fill(0));
  });

  test("a value that float16 cannot hold is refused", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 65520, -1e9]) {
      const result = encodeLatent({ ...latent, values: new Float32Array(24).fill(value) });
      expect(result).toMatchObject({ ok: false, error: { reason: "not_finite" } });
    }
  });

  test("a shape that does not fit the values is refused", () => {
    expect(encodeLatent({ ...latent, shape: [2, 3, 5] })).toMatchObject({ ok: false, error: { reason: "shape" } });
  });
});

describe("decodeLatent", () => {
  test("reads what Python's safetensors wrote", () => {
    const result = decodeLatent(goldenFile);
    if (!result.ok) expect.fail(result.error.message);
    expect(result.value.shape).toEqual([2, 3, 4]);
    expect(result.value.metadata).toEqual(latent.metadata);
    for (const [index, value] of result.value.values.entries()) {
      expect(value).toBeCloseTo(golden.values[index] ?? Number.NaN, 2);
    }
  });

  test("an int8 latent differs by half a scale of its channel at most, whatever its magnitude", () => {
    const values = fc.array(fc.float({ noNaN: true, min: -Math.fround(1e38), max: Math.fround(1e38) }), {
      minLength: 24,
      maxLength: 24,
    });
    fc.assert(
      fc.property(values, (list) => {
        const source = { ...latent, values: Float32Array.from(list) };
        const result = decodeLatent(encoded(source, "int8"));
        if (!result.ok) expect.fail(result.error.message);
        expect(result.value.metadata).toEqual(latent.metadata);
        for (const channel of [0, 1]) {
          const plane = [...source.values.subarray(12 * channel, 12 * channel + 12)];
          const scale = Math.max(...plane.map(Math.abs)) / 127;
          for (const [index, value] of plane.entries()) {
            const error = Math.abs(value - (result.value.values[12 * channel + index] ?? Number.NaN));
            // Below float32's smallest number there are no scales.
            expect(error).toBeLessThanOrEqual(0.5001 * scale + 2e-43);
          }
        }
      }),
    );
  });

  test("a latent decoded and encoded again is the same file", () => {
    const file = encoded();
    const result = decodeLatent(file);
    if (!result.ok) expect.fail(result.error.message);
    expect(encoded(result.value)).toEqual(file);
  });

  test("a file inside a larger buffer is read from its own start", () => {
    const larger = new Uint8Array(encoded().length + 3);
    larger.set(encoded(), 3);
    expect(decodeLatent(larger.subarray(3)).ok).toBe(true);
  });

  test("a file cut anywhere, or with a byte too many, is refused", () => {
    for (const file of latentEncodings.map((encoding) => encoded(latent, encoding))) {
      for (let length = 0; length < file.length; length += 1) {
        expect(reasonFor(file.subarray(0, length))).not.toBe("accepted");
      }
      const longer = new Uint8Array(file.length + 1);
      longer.set(file);
      expect(reasonFor(longer)).toBe("truncated");
    }
  });

  test("a sound file of the test's own making is accepted", () => {
    expect(reasonFor(fileWith(header({}), 4))).toBe("accepted");
    expect(reasonFor(fileWith(int8Header({ scales: "0.5" }), 2))).toBe("accepted");
  });

  test.each([
    ["another dtype", header({ dtype: "F32" }), 4, "header"],
    ["two dimensions", header({ shape: [1, 2] }), 4, "header"],
    ["an empty side", header({ shape: [0, 1, 2] }), 4, "header"],
    ["a broken side", header({ shape: [1, 1, 1.5] }), 4, "header"],
    ["offsets that begin late", header({ data_offsets: [2, 4] }), 4, "shape"],
    ["offsets of another length", header({ data_offsets: [0, 8] }), 4, "shape"],
    ["a shape larger than the file", header({ shape: [1, 2, 2], data_offsets: [0, 8] }), 4, "truncated"],
    ["another format", header({}, { format: "other@1" }), 4, "header"],
    ["metadata that is not text", header({}, { seed: 1 }), 4, "header"],
    ["a second tensor", header({}).replace(/\}$/u, ',"b":{}}'), 4, "header"],
    ["int8 that says it is float16", header({ dtype: "I8", data_offsets: [0, 2] }), 2, "header"],
    ["int8 without scales", int8Header({}), 2, "not_finite"],
    ["int8 with a scale too many", int8Header({ scales: "1,1" }), 2, "not_finite"],
    ["int8 with a negative scale", int8Header({ scales: "-1" }), 2, "not_finite"],
    ["int8 with a scale that is no number", int8Header({ scales: "1x" }), 2, "not_finite"],
    ["int8 with a scale beyond float32", int8Header({ scales: "1e38" }), 2, "not_finite"],
    ["a header that is not JSON", "{", 4, "header"],
    ["a header that is no object", "[]", 4, "header"],
  ])("%s is refused", (_, text, dataBytes, reason) => {
    expect(reasonFor(fileWith(text, dataBytes))).toBe(reason);
  });

  test("values that are not finite are refused", () => {
    const file = fileWith(header({}), 4);
    for (const bits of [0x7c00, 0xfc00, 0x7e00]) {
      new DataView(file.buffer).setUint16(file.length - 2, bits, true);
      expect(reasonFor(file)).toBe("not_finite");
    }
  });

  test("a header length that lies is refused before anything is parsed", () => {
    expect(reasonFor(new Uint8Array(16).fill(0xff))).toBe("header");
  });

  test("a file larger than any latent is refused", () => {
    expect(reasonFor(new Uint8Array(latentFileBytesMax + 1))).toBe("too_large");
  });
});
