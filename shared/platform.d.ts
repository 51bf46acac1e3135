// What Node, workerd and browsers have in common and `shared` may touch. Nothing here reads a clock, a network,
// a disk or a source of randomness, so everything in `shared` is pure by construction.

interface PlatformKey {
  readonly type: string;
}

interface PlatformSubtleCrypto {
  digest(algorithm: "SHA-256", data: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: "raw",
    keyData: Uint8Array,
    algorithm: { name: "HMAC"; hash: "SHA-256" },
    extractable: false,
    keyUsages: ("sign" | "verify")[],
  ): Promise<PlatformKey>;
  sign(algorithm: "HMAC", key: PlatformKey, data: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: "HMAC", key: PlatformKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}

declare const crypto: { readonly subtle: PlatformSubtleCrypto };

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

declare class ReadableStream<Chunk> {
  constructor(source: {
    pull(controller: { enqueue(chunk: Chunk): void; close(): void }): Promise<void>;
    cancel(): void;
  });
}

declare function atob(base64: string): string;

declare function btoa(bytes: string): string;
