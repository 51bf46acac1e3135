import { describe, expect, test } from "vitest";
import { blankOriginMark, markOrigin, originMarkKey, originOf } from "../../shared/origin-mark.ts";

const secret = "a secret for tests, 32 characters";
const key = await originMarkKey(secret);
const encode = (text: string) => new TextEncoder().encode(text);

async function marked(text: string, by = key): Promise<Uint8Array> {
  const file = encode(text);
  await markOrigin(file, by);
  return file;
}

describe("a mark", () => {
  test("has the digits that Python's hmac and hashlib give", async () => {
    const text = new TextDecoder().decode(await marked(`before ${blankOriginMark} behind`));
    expect(text).toBe('before we:originMark="fdfdf5ac333dc49eac0dbe50dca389bb9c89421a160d73b369abded732a40608" behind');
  });

  test("holds by any of several keys, so that pictures outlive a change of the secret", async () => {
    const file = await marked(`a ${blankOriginMark} b`, await originMarkKey("the secret before, 32 characters"));
    expect(await originOf(file, [key])).toBe("altered");
    expect(await originOf(file, [key, await originMarkKey("the secret before, 32 characters")])).toBe("ours");
  });

  test("does not hold in another file, nor behind another mark", async () => {
    const file = new TextDecoder().decode(await marked(`a ${blankOriginMark} b`));
    for (const forged of [`${file} `, ` ${file}`, file.replace(" b", " c"), `${blankOriginMark}${file}`]) {
      expect(await originOf(encode(forged), [key])).toBe("altered");
    }
  });

  test.each(["", "0".repeat(63), "0".repeat(64), "A".repeat(64), "z".repeat(64)])(
    "that nobody computed is no mark of ours: '%s'",
    async (digits) => expect(await originOf(encode(`we:originMark="${digits}"`), [key])).toBe("altered"),
  );
});

test("a file without the place for a mark stays as it is, and is unmarked", async () => {
  for (const text of ["", "we:originMark=", "no mark"]) {
    expect(await marked(text)).toEqual(encode(text));
    expect(await originOf(encode(text), [key])).toBe("unmarked");
  }
});

test("a PNG with chunks that lie about their length is read all the same", async () => {
  const head = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  for (const length of [
    [0xff, 0xff, 0xff, 0xff],
    [0, 0, 0, 200],
    [0, 0, 0, 0],
  ]) {
    const file = Uint8Array.from([...head, ...length, ...encode(`iTXt${blankOriginMark}`)]);
    expect(await originOf(file, [key])).toBe("altered");
  }
});
