import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { AppError } from "../../shared/errors.ts";
import { imageContentType, type OutputFormat } from "../../shared/output-format.ts";
import type { ClaimSigner } from "./c2pa-signature.ts";
import { encodeImage } from "./encode-image.ts";
import { digitalSourceType } from "./provenance.ts";

const reasonCharactersMax = 200;

/** Puts a C2PA manifest into picture files. */
export interface ContentCredentials {
  /** The file with a manifest of its origin. Takes some milliseconds of this thread. */
  addTo(file: Uint8Array, format: OutputFormat): Promise<Uint8Array>;
}

/** What a manifest names. */
export interface Maker {
  /** The model, and which of its revisions. */
  readonly model: string;
  readonly revision: string;
  /** This program's own. */
  readonly version: string;
}

/**
 * Loads C2PA's own library and signs a picture to try the certificate out, which reads it again too. Throws `AppError`
 * with C2PA's status codes when it is refused. That nobody trusts the certificate is no fault: trust is the reader's to
 * give.
 */
export async function openContentCredentials(signer: ClaimSigner, maker: Maker): Promise<ContentCredentials> {
  const c2pa = await import("@contentauth/c2pa-wasm");
  const library = fileURLToPath(import.meta.resolve("@contentauth/c2pa-wasm/c2pa.wasm"));
  await c2pa.default({ module_or_path: await readFile(library) });
  offerFileReader();
  const manifest = JSON.stringify(manifestOf(maker));
  const { sign, signatureBytes: reserveSize } = signer;
  const definition = { alg: "es256", reserveSize, sign: async (claim: Uint8Array) => sign(claim) };

  const credentials: ContentCredentials = {
    async addTo(file, format) {
      const builder = c2pa.WasmBuilder.fromJson(manifest);
      try {
        return await builder.sign(definition, [], imageContentType(format), new BytesBlob(Uint8Array.from(file)));
      } catch (thrown) {
        throw new AppError(`C2PA does not accept what C2PA_CERTIFICATES sign: ${failureCodes(thrown)}.`);
      } finally {
        builder.free();
      }
    },
  };
  await credentials.addTo(await trialPicture(), "png");
  return credentials;
}

function manifestOf({ model, revision, version }: Maker): object {
  const created = {
    action: "c2pa.created",
    digitalSourceType,
    softwareAgent: { name: model, version: revision },
  };
  return {
    claim_generator_info: [{ name: "wuerstchen-edge", version }],
    assertions: [{ label: "c2pa.actions.v2", data: { actions: [created] } }],
  };
}

function trialPicture(): Promise<Uint8Array> {
  const pixels = { width: 1, height: 1, data: new Uint8Array(3) };
  return encodeImage(pixels, { format: "png" }, "trial".padEnd(32, "-"));
}

/** The codes of what failed; the library throws a text that lists everything, and is no error. */
function failureCodes(thrown: unknown): string {
  const text = String(thrown);
  const failures = text.slice(Math.max(text.indexOf("failure: ["), 0));
  const codes = [...failures.matchAll(/code: "([A-Za-z.]{1,64})"/gu)].map(([, code]) => code);
  return [...new Set(codes)].join(", ") || text.slice(0, reasonCharactersMax);
}

/** A blob whose bytes are there at once: the library is made for browsers' workers and reads its input so. */
class BytesBlob extends Blob {
  readonly content: Uint8Array<ArrayBuffer>;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super([bytes]);
    this.content = bytes;
  }

  /** What the library does with files beyond 50 MB. */
  override slice(start?: number, end?: number): Blob {
    return new BytesBlob(this.content.slice(start, end));
  }
}

/** The browser's reader that does not wait, which Node lacks; it reads these blobs only. */
function offerFileReader(): void {
  const FileReaderSync = class {
    readAsArrayBuffer(blob: BytesBlob): ArrayBuffer {
      return blob.content.buffer;
    }
  };
  Object.assign(globalThis, { FileReaderSync });
}
