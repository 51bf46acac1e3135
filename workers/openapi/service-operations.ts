import { edgeHealthSchema } from "../../shared/api/health.ts";
import { modelItemSchema, modelsListSchema } from "../../shared/api/models-list.ts";
import type { Operations } from "./operation.ts";

/** What is served, and whether it works. */
export const serviceOperations = {
  listModels: {
    tag: "Service",
    summary: "List the models with their sizes, ranges and defaults",
    answers: { 200: { description: "The models.", content: { "application/json": modelsListSchema } } },
    failures: [],
  },
  getModel: {
    tag: "Service",
    summary: "Get a model",
    parameters: [
      {
        in: "path",
        name: "id",
        description: "A model's id.",
        required: true,
        schema: { json: { type: "string", minLength: 1 } },
      },
    ],
    answers: { 200: { description: "The model.", content: { "application/json": modelItemSchema } } },
    failures: ["model_not_found", "model_not_allowed"],
  },
  getHealth: {
    tag: "Service",
    summary: "Get the state of edge and backend",
    answers: {
      200: { description: "Pictures can be made.", content: { "application/json": edgeHealthSchema } },
      503: {
        description: "Pictures cannot be made; the body states the reason.",
        content: { "application/json": edgeHealthSchema },
      },
    },
    failures: [],
  },
} satisfies Operations;
