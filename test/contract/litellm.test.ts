import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { contractPython, runPython } from "../support/contract-python.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// LiteLLM as it is installed, against workerd and the backend over HTTP.

const stack = useTinyStack();

test.skipIf(contractPython === undefined)(
  "LiteLLM's whole set of fields is accepted, extra_body is exact, and errors keep their status (needs CONTRACT_PYTHON)",
  async () => {
    const program = join(import.meta.dirname, "litellm_client.py");
    const lines = (await runPython(program, `${stack().url}/v1`, stack().apiKey)).trim().split("\n");
    const [known, seeded, repeated, refused] = lines.map((line) => JSON.parse(line));
    expect(known.pictures).toHaveLength(2);
    expect((await sharp(Buffer.from(known.pictures[0], "base64")).metadata()).format).toBe("webp");
    expect(known.input_tokens).toBeGreaterThan(0);
    expect(seeded.pictures).toHaveLength(1);
    expect(repeated.pictures).toEqual(seeded.pictures);
    expect(refused).toMatchObject({ status: 400, message: expect.stringContaining("'size'") });
  },
  startMsMax,
);
