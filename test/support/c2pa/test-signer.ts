import { readFileSync } from "node:fs";
import { join } from "node:path";

const pathOf = (name: string) => join(import.meta.dirname, `test-only-${name}.pem`);
const read = (name: string) => readFileSync(pathOf(name), "utf8");

/** A signer whose key is public: for tests only. */
export const testSigner = { certificates: read("certificates"), privateKey: read("private-key") };

/** Its key again, with a certificate that C2PA does not accept. */
export const unfitSigner = { ...testSigner, certificates: read("unfit-certificates") };

/** The root of its certificate. */
export const testRoot = read("root");

/** The backend's settings to sign with it. */
export const testSignerEnvironment = {
  C2PA_CERTIFICATES: pathOf("certificates"),
  C2PA_PRIVATE_KEY: pathOf("private-key"),
};
