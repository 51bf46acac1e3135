import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import type { ImagesResponse } from "../../shared/api/images-response.ts";
import { contractPython, runPython } from "../support/contract-python.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// openapi-python-client as it is installed makes a package of /openapi.json, whose calls go to workerd over HTTP.

const stack = useTinyStack();

test.skipIf(contractPython === undefined)(
  "a Python package is generated without a warning, imports whole, and makes a picture (needs CONTRACT_PYTHON)",
  async () => {
    const state = mkdtempSync(join(tmpdir(), "wuerstchen-generated-"));
    try {
      const program = join(import.meta.dirname, "generated_client.py");
      const made = JSON.parse(await runPython(program, stack().url, stack().apiKey, join(state, "client")));
      expect(made).toMatchObject({
        seed: 7,
        tier: "generated",
        linked_is_equal: true,
        verified: { result: "ours" },
      });
      expect(made.modules).toBeGreaterThan(200);
      expect((await sharp(Buffer.from(made.picture, "base64")).metadata()).width).toBeGreaterThan(0);

      const headers = { authorization: `Bearer ${stack().apiKey}`, "content-type": "application/json" };
      const body = JSON.stringify({ prompt: "a red apple", seed: 7 });
      const response = await fetch(`${stack().url}/v1/images/generations`, { method: "POST", headers, body });
      const { data } = (await response.json()) as ImagesResponse;
      expect(data).toMatchObject([{ tier: "image", b64_json: made.picture }]);
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  },
  startMsMax,
);
