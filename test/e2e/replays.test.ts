import { expect, test } from "vitest";
import type { ImagesResponse } from "../../shared/api/images-response.ts";
import { metricOf } from "../support/backend.ts";
import { useHeldEdge } from "../support/tiny-edge.ts";

// The real Worker in workerd and the real backend over real HTTP.

const testMsMax = 300_000;

const held = useHeldEdge();

test(
  "an answered request that is repeated after its latent was deleted runs nothing, however often, and is told so",
  async () => {
    const { edge, backend } = held();
    const ask = () =>
      edge.send("POST", "/v1/images/generations", { prompt: "apple", n: 2 }, { "idempotency-key": "once" });
    const answer = (await (await ask()).json()) as ImagesResponse;
    for (const { latent_id } of answer.data) await edge.send("DELETE", `/v1/latents/${latent_id}`);
    const figures = async () => ({
      stageC: await metricOf(backend, "stage_c_runs_total"),
      decodes: await metricOf(backend, "decodes_total"),
      balance: await edge.balance(),
    });
    const before = await figures();

    for (let i = 0; i < 20; i += 1) {
      const again = await ask();
      expect([again.status, await again.json()]).toMatchObject([410, { error: { code: "idempotent_result_gone" } }]);
    }
    expect(await figures()).toEqual(before);
  },
  testMsMax,
);
