import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { latentFragment, readLatentFragment } from "../../workers/site/decoder/latent-link.ts";
import { linkOf, readLink } from "../../workers/site/state/link.ts";
import { defaultSettings, type Settings } from "../../workers/site/state/settings.ts";

describe("a latent in a link", () => {
  const latent = {
    shape: [2, 3, 4] as const,
    values: Float32Array.from({ length: 24 }, (_, i) => (i - 12) / 8),
    seed: 4_294_967_295,
    revision: "a.b-c~d%/é",
  };

  test("is read as it was written", () => {
    expect(readLatentFragment(`#${latentFragment(latent)}`)).toEqual(latent);
  });

  test("of 1,024 values is shorter than 2.8 KB", () => {
    const values = new Float32Array(1_024);
    expect(latentFragment({ ...latent, shape: [16, 8, 8], values, revision: "2f7c9b01a4d8e635" }).length).toBeLessThan(
      2_800,
    );
  });

  test.each([
    ["nothing", ""],
    ["too few values", "latent1.r.1x2x3x4.AAAA"],
    ["an infinite value", `latent1.r.1x1x1x1.${Buffer.of(0x00, 0x7c).toString("base64url")}`],
    ["a seed beyond 2³²", "latent1.r.4294967296x1x1x1.AAA"],
    ["no values at all", "latent1.r.1x0x1x1."],
    ["more than is ever read", `latent1.r.1x99999x99999x99999.${"A".repeat(100)}`],
    ["another form", "latent2.r.1x1x1x1.AAA"],
    ["a lone percent sign", "latent1.%.1x1x1x1.AAA"],
  ])("with %s is none", (_, fragment) => {
    expect(readLatentFragment(fragment)).toBeUndefined();
  });

  test("that anybody wrote never throws", () => {
    fc.assert(fc.property(fc.string(), (text) => void readLatentFragment(`latent1.${text}`)));
  });
});

describe("settings in a link", () => {
  const settings: fc.Arbitrary<Settings> = fc.record({
    model: fc.constantFrom(undefined, "sd-cascade", "mine.v2", "mine+ink:0.8"),
    prompt: fc.string({ minLength: 1, unit: "grapheme" }),
    style: fc.constantFrom("", "3D", "flat", "noto", "twemoji"),
    negative: fc.string(),
    n: fc.integer({ min: 1, max: 10 }),
    size: fc.constantFrom(undefined, "128x128"),
    seed: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
    steps: fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined }),
    guidance: fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined }),
    reuse: fc.constantFrom("prefer", "fresh", "similar"),
    format: fc.constantFrom("png", "jpeg", "webp"),
    background: fc.constantFrom("auto", "opaque"),
  });

  test("are read as they were written", () => {
    fc.assert(
      fc.property(settings, (written) => {
        expect(readLink(`#${linkOf(written)}`)).toEqual(written);
      }),
    );
  });

  test("that are out of range are as by default", () => {
    expect(readLink("#prompt=a&n=99&seed=-1&steps=x&guidance=1e9&reuse=always&format=gif&size=huge&style=oil")).toEqual(
      {
        ...defaultSettings,
        prompt: "a",
        n: 1,
      },
    );
  });

  test("without a prompt are none", () => {
    expect(readLink("#seed=1")).toBeUndefined();
  });
});
