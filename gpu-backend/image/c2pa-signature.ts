import { createPrivateKey, type KeyObject, sign, X509Certificate } from "node:crypto";
import { encode } from "cborg";
import { AppError } from "../../shared/errors.ts";

/**
 * Who signs, in PEM: certificates from the signer's own to the last below the root, and the private key to the first.
 */
export interface SignerFiles {
  readonly certificates: string;
  readonly privateKey: string;
}

/** Signs what C2PA gives it. */
export interface ClaimSigner {
  /** Bytes of every signature, so much as a file has to leave room for. */
  readonly signatureBytes: number;
  /** When the first of its certificates ends. */
  readonly validUntil: Date;
  /** A whole COSE_Sign1 over a claim that stands elsewhere. */
  sign(claim: Uint8Array): Uint8Array<ArrayBuffer>;
}

// RFC 9052, 9053 and 9360: header parameters, the algorithm ES256, and the tag of COSE_Sign1 (18) before its array.
const algorithmHeader = 1;
const es256 = -7;
const certificatesHeader = 33;
const coseSign1Tag = 0xd2;

/** Throws `AppError` naming what is wrong with the files: unreadable, of another kind, or not belonging together. */
export function createClaimSigner(files: SignerFiles, now: Date): ClaimSigner {
  const certificates = readCertificates(files.certificates);
  const key = readPrivateKey(files.privateKey);
  requireTogether(certificates, key, now);
  const [first, ...others] = certificates.map(({ raw }) => Uint8Array.from(raw));
  const chain = others.length === 0 ? first : [first, ...others];
  const header = encode(
    new Map<number, unknown>([
      [algorithmHeader, es256],
      [certificatesHeader, chain],
    ]),
  );

  function signClaim(claim: Uint8Array): Uint8Array<ArrayBuffer> {
    const signed = encode(["Signature1", header, new Uint8Array(0), claim]);
    const signature = Uint8Array.from(sign("sha256", signed, { key, dsaEncoding: "ieee-p1363" }));
    return Uint8Array.from([coseSign1Tag, ...encode([header, new Map(), null, signature])]);
  }
  const validUntil = new Date(Math.min(...certificates.map(({ validToDate }) => validToDate.getTime())));
  return { signatureBytes: signClaim(new Uint8Array(0)).length, validUntil, sign: signClaim };
}

function readCertificates(text: string): readonly X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu) ?? [];
  try {
    const certificates = blocks.map((block) => new X509Certificate(block));
    if (certificates.length > 0) return certificates;
  } catch {
    // Told below.
  }
  throw new AppError("C2PA_CERTIFICATES must name a PEM file of certificates, the signer's own first.");
}

function readPrivateKey(text: string): KeyObject {
  const rule = "C2PA_PRIVATE_KEY must name a PEM file of an unencrypted EC private key on P-256 (ES256).";
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyDetails?.namedCurve === "prime256v1") return key;
  } catch {
    // The parser's message may quote the file.
  }
  throw new AppError(rule);
}

function requireTogether(certificates: readonly X509Certificate[], key: KeyObject, now: Date): void {
  const [own] = certificates;
  if (own?.checkPrivateKey(key) !== true) {
    throw new AppError("C2PA_PRIVATE_KEY is not the key of the first certificate of C2PA_CERTIFICATES.");
  }
  for (const [i, certificate] of certificates.entries()) {
    const issuer = certificates[i + 1];
    if (issuer !== undefined && !certificate.verify(issuer.publicKey)) {
      throw new AppError(`C2PA_CERTIFICATES: certificate ${i + 1} is not signed by the one behind it.`);
    }
    const { validFromDate, validToDate } = certificate;
    if (now < validFromDate || now > validToDate) {
      const period = `${validFromDate.toISOString()} to ${validToDate.toISOString()}`;
      throw new AppError(`C2PA_CERTIFICATES: certificate ${i + 1} is valid from ${period} only.`);
    }
  }
}
