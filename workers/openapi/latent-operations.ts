import { latentBytes, latentIdParameter, type Operation } from "./operation.ts";

/** Latents as resources. */
export const latentOperations: readonly Operation[] = [
  {
    ...{ method: "get", path: "/v1/latents/{id}", id: "getLatent", tag: "Latents", credential: "api-key" },
    summary: "A latent as safetensors, for the account that made it",
    parameters: [latentIdParameter()],
    answers: { 200: { description: "The file.", content: { "application/octet-stream": latentBytes } } },
    failures: ["not_found"],
  },
];
