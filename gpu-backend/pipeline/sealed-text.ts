import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";

/** A prompt and its negative as token ids, which Stage B of some models reads too. */
export interface LatentText {
  readonly tokenIds: readonly number[];
  readonly negativeTokenIds: readonly number[];
}

/** Writes a latent's text into its file so that only the backend reads it. */
export interface TextSeal {
  /** Base64, always the same for one text and seed. */
  seal(text: LatentText, seed: number): string;
  /** Undefined for what no key of ours has sealed. */
  open(sealed: string): LatentText | undefined;
}

const cipher = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** Seed and number of the prompt's ids. */
const headNumbers = 2;

/**
 * AES-256-GCM. `keys`: 64 hexadecimal digits each; the first one seals, all of them open. The nonce is a MAC of what is
 * sealed, so that equal latents have equal files; the seed is sealed too, so that equal prompts do not show.
 */
export function createTextSeal(keys: readonly string[]): TextSeal {
  const secrets = keys.map((key) => Buffer.from(key, "hex"));
  return {
    seal({ tokenIds, negativeTokenIds }, seed) {
      const [secret = Buffer.alloc(0)] = secrets;
      const numbers = Uint32Array.of(seed, tokenIds.length, ...tokenIds, ...negativeTokenIds);
      const plain = Buffer.alloc(numbers.byteLength);
      for (const [index, number] of numbers.entries()) plain.writeUInt32LE(number, index * numbers.BYTES_PER_ELEMENT);
      const nonce = createHmac("sha256", secret).update(plain).digest().subarray(0, nonceBytes);
      const sealing = createCipheriv(cipher, secret, nonce, { authTagLength: tagBytes });
      const hidden = Buffer.concat([sealing.update(plain), sealing.final()]);
      return Buffer.concat([nonce, sealing.getAuthTag(), hidden]).toString("base64");
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, "base64");
      for (const secret of secrets) {
        const plain = unsealed(secret, bytes);
        if (plain !== undefined) return textIn(plain);
      }
      return undefined;
    },
  };
}

function unsealed(secret: Buffer, bytes: Buffer): Buffer | undefined {
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  try {
    const opening = createDecipheriv(cipher, secret, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
    opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]);
  } catch {
    // Another key's, or altered.
    return undefined;
  }
}

function textIn(plain: Buffer): LatentText {
  const numbers = Array.from({ length: plain.length / 4 }, (_, index) => plain.readUInt32LE(index * 4));
  const [, count = 0] = numbers;
  const ids = numbers.slice(headNumbers);
  return { tokenIds: ids.slice(0, count), negativeTokenIds: ids.slice(count) };
}
