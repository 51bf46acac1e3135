import { crc32 } from "node:zlib";
import fc from "fast-check";
import sharp from "sharp";
import { encodeLatent } from "../../shared/latents/latent-format.ts";
import { stageCBodyBytesMax } from "../../shared/limits.ts";
import { backendSecret, type Draft, decodeDraft, stageCDraft } from "./backend.ts";
import { tinyRequest, tinyRevision } from "./tiny-bundle.ts";

/** A request that a backend must refuse, and how it is spoilt beside its body. */
export interface Malformed {
  readonly draft: Draft;
  /** What happens to it between its signing and its sending. */
  readonly tampering: "none" | "replay" | "other body" | "other query" | "no signature" | "broken signature";
  readonly method?: string;
}

const junk = fc.oneof(
  fc.constantFrom<unknown>(null, true, "", "4", "NaN", {}, [], [[]], -1, 1.5, 1e308, "\u0000", "\ud800", "{}"),
  fc.object({ maxDepth: 2 }),
);

const notWhole = fc.constantFrom<unknown>(null, Number.NaN, -1, 0.5, 1e308, 2 ** 53, "1", true, [1], {}, "1e400");
const tooMany = (count: number, value: unknown) => new Array(count).fill(value);

/** For every field, values that no Stage C task may have. `undefined` leaves it out. */
const badFields: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  model: fc.oneof(
    fc.constantFrom<unknown>(undefined, null, "", "Tiny", "tiny ", "../tiny", 7, [], "x".repeat(129)),
    fc.string().filter((text) => text !== "tiny"),
  ),
  revision: fc.constantFrom<unknown>(undefined, null, "", "latest", tinyRevision.slice(1), 7, {}),
  tokenIds: fc.oneof(
    fc.constantFrom<unknown>(undefined, null, [], "2,5,3", { 0: 2 }, tooMany(17, 5), tooMany(5_000, 5), [[2]]),
    fc.constantFrom<unknown>([2, 1e9, 3], [2, -5, 3], [2, 2 ** 31, 3], [2, 2 ** 53, 3], [2, 0.5, 3]),
    notWhole.map((id) => [2, id, 3]),
  ),
  negativeTokenIds: fc.constantFrom<unknown>(undefined, null, [], [2, 1e9], [-1], tooMany(17, 5)),
  seeds: fc.oneof(
    fc.constantFrom<unknown>(undefined, null, [], 1, "1", tooMany(11, 1), [2 ** 32], [Number.NaN], [[1]]),
    notWhole.map((seed) => [1, seed]),
  ),
  steps: fc.oneof(fc.constantFrom<unknown>(undefined, 0, 101, 1_001, 2 ** 31), notWhole),
  guidanceScale: fc.constantFrom<unknown>(undefined, null, Number.NaN, -1, 0.5, 101, 1e308, "4", [4]),
  latentShape: fc.constantFrom<unknown>(
    undefined,
    null,
    [],
    [16, 4],
    [16, 4, 4, 4],
    [16, 0, 4],
    [16, -4, 4],
    [16, 4, 1e9],
    [16, 65_536, 65_536],
    [1, 4, 4],
    ["16", "4", "4"],
    [16, 4.5, 4],
    { length: 3 },
  ),
  priority: fc.constantFrom<unknown>("urgent", "", 1, null, []),
  deadlineMs: fc.constantFrom<unknown>(0, -1, 1.5, 1e12, "100", null),
  jobId: fc.constantFrom<unknown>("", "short", "with a space in it", "x".repeat(65), "../../etc/passwd-0", 1, null),
  __proto__extra: junk,
  constructor: junk,
  prompt: junk,
  start: fc.oneof(
    fc.constantFrom<unknown>(null, "", [], {}, { latent: "" }, { latent: "*", strength: 0.5 }, { strength: 0.5 }),
    fc.constantFrom<unknown>(-1, 2, Number.NaN, "1").map((strength) => ({ latent: "AAAA", strength })),
  ),
  previewEverySteps: fc.constantFrom<unknown>(-1, 1.5, 1e9, "1", null),
  previewFormat: fc.constantFrom<unknown>("gif", "", 1, null),
};

const badTask = fc
  .constantFrom(...Object.keys(badFields))
  .chain((field) => (badFields[field] ?? junk).map((value) => stageCDraft({ ...tinyRequest, [field]: value })));

const taskBytes = new TextEncoder().encode(JSON.stringify(tinyRequest));
const asTask = (body: Uint8Array<ArrayBuffer>): Draft => ({ ...stageCDraft({}), body });

/** Bodies that are no JSON, or not what they should be. */
const badText = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => asTask(Uint8Array.from(bytes))),
  fc.nat({ max: taskBytes.length - 1 }).map((end) => asTask(taskBytes.slice(0, end))),
  fc.nat({ max: 100_000 }).map((depth) => asTask(new TextEncoder().encode("[".repeat(depth) + "]".repeat(depth)))),
  junk.map((value) => stageCDraft(value)),
  fc
    .constantFrom('{"seeds":[1e400]}', '{"__proto__":{"steps":6}}', "\ufeff{}", "nul")
    .map((text) => asTask(new TextEncoder().encode(text))),
);

/** A latent file that the tiny bundle decodes. */
export const soundLatent = latentFile();

function latentFile(metadata: Readonly<Record<string, string>> = {}): Uint8Array<ArrayBuffer> {
  const file = encodeLatent({
    values: new Float32Array(256),
    shape: [16, 4, 4],
    metadata: { model: "tiny", revision: tinyRevision, seed: "1", ...metadata },
  });
  if (!file.ok) throw new TypeError(file.error.message);
  return file.value;
}

/** The sound file with its header's text changed, and the lengths made to fit, so that only the change is wrong. */
function withHeader(change: (header: string) => string): Uint8Array<ArrayBuffer> {
  const length = new DataView(soundLatent.buffer).getUint32(0, true);
  const header = new TextEncoder().encode(change(new TextDecoder().decode(soundLatent.subarray(8, 8 + length))));
  const file = new Uint8Array(8 + header.length + 512);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, 8);
  return file;
}

const badLatent = fc.oneof(
  fc.nat({ max: soundLatent.length - 1 }).map((end) => soundLatent.slice(0, end)),
  fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Uint8Array.from(bytes)),
  fc.nat({ max: 64 * 1024 }).map((more) => Uint8Array.from([...soundLatent, ...new Uint8Array(more + 1)])),
  // The header's length: eight bytes that say anything but the truth.
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((length) => {
    const file = Uint8Array.from(soundLatent);
    const view = new DataView(file.buffer);
    const isTruth = view.getBigUint64(0, true) === length;
    view.setBigUint64(0, isTruth ? length + 1n : length, true);
    return file;
  }),
  fc
    .constantFrom('"F32"', '"BF16"', '"I8"', '"F64"', '"F8_E4M3"', "16", "null")
    .map((dtype) => withHeader((header) => header.replace('"F16"', dtype))),
  fc
    .constantFrom("[16,4]", "[16,4,5]", "[16,-4,4]", "[1e9,1e9,1e9]", "[16,4.5,4]", "[]", "[0,4,4]", '"16,4,4"')
    .map((shape) => withHeader((header) => header.replace("[16,4,4]", shape))),
  fc
    .constantFrom("[0,511]", "[1,513]", "[512,0]", "[0,1e300]", "[-512,0]")
    .map((offsets) => withHeader((header) => header.replace("[0,512]", offsets))),
  // float16's infinities and NaNs, somewhere in the values.
  fc.tuple(fc.nat({ max: 255 }), fc.constantFrom(0x7c00, 0xfc00, 0x7e00, 0xffff)).map(([index, bits]) => {
    const file = Uint8Array.from(soundLatent);
    new DataView(file.buffer).setUint16(file.length - 512 + index * 2, bits, true);
    return file;
  }),
  fc
    .constantFrom<Readonly<Record<string, string>>>(
      { seed: "NaN" },
      { seed: "" },
      { seed: "-1" },
      { seed: "4294967296" },
      { seed: "1e3" },
      { seed: "0x1" },
      { model: "other" },
      { model: "" },
      { revision: "other" },
      { revision: "" },
    )
    .map(latentFile),
);

const badQuery = fc
  .constantFrom(
    "",
    "?",
    "?format=",
    "?format=gif",
    "?format=png&format=gif&quality=",
    "?format=png&quality=101",
    "?format=jpeg&quality=-1",
    "?format=webp&quality=1e1",
    "?format=png&width=9",
    "?format=png&priority=urgent",
    "?format=png&deadlineMs=0",
    "?format=png&deadlineMs=1.5",
    "?format=png&jobId=short",
    "?__proto__=1",
  )
  .map((query) => decodeDraft(soundLatent, query));

const badCancel = fc
  .oneof(
    junk,
    fc.record({ jobId: junk }),
    fc.constantFrom({ jobId: "x".repeat(65) }, { jobId: "y".repeat(20), all: 1 }),
  )
  .map((body): Draft => ({ ...stageCDraft(body), target: "/cancel" }));

const picture = Uint8Array.from(
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "#a52" } })
    .png()
    .toBuffer(),
);

/** A PNG whose header promises so many pixels, with a checksum that holds. */
function promising(width: number, height: number): Uint8Array<ArrayBuffer> {
  const file = Uint8Array.from(picture);
  const view = new DataView(file.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, crc32(file.subarray(12, 29)));
  return file;
}

const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');

/** No pictures, half ones, and ones that would take all memory. */
const badPicture = fc.oneof(
  fc.uint8Array({ maxLength: 500 }).map((bytes) => Uint8Array.from(bytes)),
  fc.nat({ max: Math.floor(picture.length * 0.8) }).map((end) => picture.slice(0, end)),
  fc.constantFrom([65_535, 65_535], [2 ** 31 - 1, 1], [100_000, 100_000]).map(([w = 0, h = 0]) => promising(w, h)),
  fc.constantFrom(new Uint8Array(), svg, new TextEncoder().encode("GIF89a"), new TextEncoder().encode("<html>")),
);

const pictureTargets = ["/encode-image", "/encode-mask"];
const badPictureRequest = fc.oneof(
  fc
    .tuple(fc.constantFrom(...pictureTargets), badPicture)
    .map(([target, body]): Draft => ({ ...decodeDraft(body), target: `${target}?size=64x64` })),
  fc
    .tuple(
      fc.constantFrom(...pictureTargets),
      fc.constantFrom("", "?size=", "?size=0x0", "?size=63x64", "?size=1e9x1", "?size=64x64&x=1"),
    )
    .map(([target, query]): Draft => ({ ...decodeDraft(picture), target: `${target}${query}` })),
);

const badContent = fc.oneof(
  badTask,
  badText,
  badLatent.map((file) => decodeDraft(file)),
  badQuery,
  badCancel,
  badPictureRequest,
);
const soundContent = fc.constantFrom(stageCDraft(tinyRequest), decodeDraft(soundLatent));

/** Sound requests from somebody who may not ask. */
const badSignature = soundContent.chain((draft) =>
  fc.oneof(
    fc
      .constantFrom("other body", "other query", "no signature", "broken signature")
      .map((tampering): Malformed => ({ draft, tampering })),
    fc
      .constantFrom(`${backendSecret}!`, "another secret for the tests, of 40 chars")
      .map((secret): Malformed => ({ draft: { ...draft, secret }, tampering: "none" })),
    fc
      .constantFrom(0, 1_000_000_000, 4_000_000_000, 999_999_999_999)
      .map((timestampSeconds): Malformed => ({ draft: { ...draft, timestampSeconds }, tampering: "none" })),
  ),
);

const badForm = fc.oneof(
  fc
    .constantFrom("", "text/plain", "application/jsonp", "multipart/form-data; boundary=x")
    .map((contentType): Malformed => ({ draft: { ...stageCDraft(tinyRequest), contentType }, tampering: "none" })),
  fc
    .constantFrom("/", "/stage-d", "/stage-c/", "/decode/1", "/..%2fstage-c", `/${"x".repeat(8_000)}`, "/%ff")
    .map((target): Malformed => ({ draft: { ...stageCDraft(tinyRequest), target }, tampering: "none" })),
  fc
    .constantFrom("PUT", "DELETE", "PATCH", "OPTIONS")
    .map((method): Malformed => ({ draft: stageCDraft(tinyRequest), tampering: "none", method })),
);

const tooLarge = fc
  .constantFrom(stageCDraft(tinyRequest), decodeDraft(soundLatent))
  .map(
    (draft): Malformed => ({ draft: { ...draft, body: new Uint8Array(stageCBodyBytesMax + 1) }, tampering: "none" }),
  );

/** Requests that are wrong in all the ways that we could think of, most of them signed as the edge would sign them. */
export const malformedRequest: fc.Arbitrary<Malformed> = fc.oneof(
  { weight: 120, arbitrary: badContent.map((draft): Malformed => ({ draft, tampering: "none" })) },
  { weight: 15, arbitrary: badContent.map((draft): Malformed => ({ draft, tampering: "replay" })) },
  { weight: 40, arbitrary: badSignature },
  { weight: 20, arbitrary: badForm },
  { weight: 1, arbitrary: tooLarge },
);
