import { expect, test } from "vitest";
import { parseCreateImageRequest } from "../../../shared/api/create-image-request.ts";
import { movedModel } from "../../../workers/generation/roll-out-share.ts";
import { models } from "../support/tiny-bundle.ts";

const base = models.default;
const candidate = { ...base, manifest: { ...base.manifest, revision: "next" } };
const prompts = Array.from({ length: 1_000 }, (_, index) => `apple ${index}`);

/** The prompts of an account that move at a share of so many per cent. */
async function movedAt(share: number, account: string): Promise<readonly string[]> {
  const registry = {
    candidateFor: async () => ({ manifest: candidate.manifest, share, load: async () => candidate }),
  };
  const moved = prompts.map(async (prompt) => {
    const request = parseCreateImageRequest({ prompt });
    if (!request.ok) throw new TypeError("not a request");
    const model = await movedModel(registry, { request: request.value, account, base });
    return model === candidate ? [prompt] : [];
  });
  return (await Promise.all(moved)).flat();
}

test("a share moves so many of the prompts, always the same, and a larger share only more of them", async () => {
  const few = await movedAt(10, "a");
  expect(few.length / prompts.length).toBeCloseTo(0.1, 1);
  expect(await movedAt(10, "a")).toEqual(few);
  const half = await movedAt(50, "a");
  expect(half.length / prompts.length).toBeCloseTo(0.5, 1);
  expect(half).toEqual(expect.arrayContaining([...few]));
  expect(await movedAt(0, "a")).toEqual([]);
  expect(await movedAt(100, "a")).toEqual(prompts);
});

test("accounts are not moved by the same prompts", async () => {
  expect(await movedAt(10, "a")).not.toEqual(await movedAt(10, "b"));
});
