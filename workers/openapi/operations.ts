import type { ServedModels } from "../models/model.ts";
import type { DocumentedRouteId } from "../routing/route-table.ts";
import { accountOperations } from "./account-operations.ts";
import { adminOperations } from "./admin-operations.ts";
import { imageOperations } from "./image-operations.ts";
import { jobOperations } from "./job-operations.ts";
import { latentOperations } from "./latent-operations.ts";
import { moneyOperations } from "./money-operations.ts";
import type { Operation } from "./operation.ts";
import { paymentOperations } from "./payment-operations.ts";
import { serviceOperations } from "./service-operations.ts";
import { startOperations } from "./start-operations.ts";

/** The operation of every documented route, in the order in which the document shows them. The compiler misses none. */
export function operations(models: ServedModels): Readonly<Record<DocumentedRouteId, Operation>> {
  return {
    ...imageOperations(models),
    ...startOperations(models),
    ...latentOperations(models),
    ...jobOperations(models),
    ...moneyOperations(models),
    ...accountOperations,
    ...paymentOperations,
    ...serviceOperations,
    ...adminOperations,
  };
}
