import type { LatentRequest } from "../../../workers/single-flight/latent-run.ts";
import { manifest } from "./tiny-bundle.ts";

/** A latent of the tiny bundle that somebody wants. */
export const latentRequest: LatentRequest = {
  latentId: "a".repeat(64),
  account: "account-1",
  reservationId: "first",
  waiterId: "waiter-1",
  priority: "interactive",
  lines: [{ kind: "generation", latentId: "a".repeat(64), microUsd: 17 }],
  job: {
    model: manifest.id,
    revision: manifest.revision,
    tokenIds: [2, 7, 3],
    negativeTokenIds: [2, 3],
    seeds: [1],
    steps: 6,
    guidanceScale: 3,
    latentShape: [16, 4, 4],
  },
};
