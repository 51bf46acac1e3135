import { describe, expect, test } from "vitest";
import { fromHex } from "../../../shared/hex.ts";
import { decodeLatent, encodeLatent, type Latent } from "../../../shared/latents/latent-format.ts";
import { latentFileBytesMax } from "../../../shared/limits.ts";
import golden from "../../golden/latent.json" with { type: "json" };

const goldenFile = fromHex(golden.fileHex) ?? new Uint8Array();
const latent: Latent = {
  values: Float32Array.from(golden.values),
  shape: [2, 3, 4],
  metadata: { model: "emoji-128", revision: "r1", seed: "42" },
};

function encoded(source: Latent = latent): Uint8Array<ArrayBuffer> {
  const result = encodeLatent(source);
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

  test("the same latent always gives the same bytes", () => {
    const { seed, ...rest } = latent.metadata;
    expect(encoded({ ...latent, metadata: { seed, ...rest } as Latent["metadata"] })).toEqual(encoded());
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
    const file = encoded();
    for (let length = 0; length < file.length; length += 1) {
      expect(reasonFor(file.subarray(0, length))).not.toBe("accepted");
    }
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    expect(reasonFor(longer)).toBe("truncated");
  });

  test("a sound file of the test's own making is accepted", () => {
    expect(reasonFor(fileWith(header({}), 4))).toBe("accepted");
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
