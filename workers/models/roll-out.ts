import type { RollOutRequest } from "../../shared/api/roll-out.ts";
import type { RollOutReason } from "../../shared/api/roll-out-reason.ts";
import { type Failure, invalidRequest } from "../../shared/errors.ts";
import { modelReportSchema } from "../../shared/models/kpi.ts";
import { canonicalModelName } from "../../shared/models/model-name.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import type { ModelActor } from "./model-audit.ts";
import type { ModelListServices } from "./model-list.ts";
import type { RollOutState, StoredModel } from "./model-store.ts";

/** A revision of an id. */
type Revision = Pick<StoredModel, "id" | "revision">;

/**
 * The revision that an id alone means while `candidate` is rolled out: the one that the service was built with, or the
 * one that was added last of those that are offered in full.
 */
export function revisionBefore(
  models: readonly StoredModel[],
  builtIn: Revision,
  candidate: Revision,
): Revision | undefined {
  if (candidate.id === builtIn.id) return builtIn;
  const isBefore = ({ id, revision, isOffered, rollOut }: StoredModel) =>
    id === candidate.id && revision !== candidate.revision && isOffered && rollOut === undefined;
  return models.findLast(isBefore);
}

/**
 * Why a revision cannot be added: `invalid_request` while another one of its id is being rolled out. One that was
 * deployed since is what its id means.
 */
export function underWayFault(
  models: readonly StoredModel[],
  builtIn: Revision,
  { id, revision }: Revision,
): Failure | undefined {
  const isUnderWay = (model: StoredModel) =>
    model.id === id && model.isOffered && model.rollOut !== undefined && model.revision !== builtIn.revision;
  const other = models.find(isUnderWay);
  if (other === undefined || other.revision === revision) return undefined;
  return invalidRequest("roll_out", `${nameOf(other)} is being rolled out. Promote it or take it back before.`);
}

/** Why a revision cannot begin to take a share: `invalid_request`; undefined when it can. */
export function rollOutFault(
  models: readonly StoredModel[],
  builtIn: Revision,
  { candidate, order }: { readonly candidate: Revision; readonly order: RollOutRequest },
): Failure | undefined {
  const other = underWayFault(models, builtIn, candidate);
  if (other !== undefined) return other;
  const before = revisionBefore(models, builtIn, candidate);
  if (before === undefined) {
    return invalidRequest("roll_out", `'${candidate.id}' has no other revision for the rest of the requests.`);
  }
  if (order.baseKpi === undefined || order.baseKpi.revision === before.revision) return undefined;
  return invalidRequest("base_kpi", `'base_kpi' is no report on ${nameOf(before)}, the revision before.`);
}

/** The state of a roll-out as ordered; what the order leaves open stays as it was. */
export function rollOutState(
  { share, rule, baseKpi }: RollOutRequest,
  before: RollOutState | undefined,
  nowMs: number,
): RollOutState {
  const report = baseKpi ? modelReportSchema.parse(baseKpi) : before?.baseReport;
  return {
    share,
    sinceMs: before?.sinceMs ?? nowMs,
    rule: rule === undefined ? (before?.rule ?? null) : rule,
    ...(report && { baseReport: report }),
  };
}

/** Gives an offered revision a share, or another one. The caller has found no fault in it (`rollOutFault`). */
export async function startRollOut(
  { modelStore, addedModels, modelAudit, nowMs }: Omit<ModelListServices, "models">,
  wanted: StoredModel,
  { order, actor }: { readonly order: RollOutRequest; readonly actor: ModelActor },
): Promise<void> {
  const { share, rule } = rollOutState(order, wanted.rollOut, nowMs());
  await modelAudit.write(actor, { action: "model.rolled_out", subject: nameOf(wanted), details: { share, rule } });
  await modelStore.change((models) =>
    models.map((model) =>
      isSame(model, wanted) && model.isOffered
        ? { ...model, rollOut: rollOutState(order, model.rollOut, nowMs()) }
        : model,
    ),
  );
  addedModels.forget();
}

/**
 * Lets the id alone mean a revision that is being rolled out. Of the id that the service was built with it takes all
 * unseeded requests, until that bundle is deployed. `reasons`: why, for the log. False: it is not rolled out any more.
 */
export async function promoteModel(
  { models: registry, modelStore, addedModels, modelAudit }: Omit<ModelListServices, "nowMs">,
  wanted: Revision,
  { reasons, actor }: { readonly reasons: readonly RollOutReason[]; readonly actor: ModelActor },
): Promise<boolean> {
  const isUnderWay = (model: StoredModel) => isSame(model, wanted) && model.isOffered && model.rollOut !== undefined;
  if (!(await modelStore.list()).some(isUnderWay)) return false;
  await modelAudit.write(actor, { action: "model.promoted", subject: nameOf(wanted), details: { reasons } });
  const isBuiltIn = wanted.id === registry.default.manifest.id;
  await modelStore.change((models) => {
    const promoted = models.find(isUnderWay);
    if (promoted === undefined) return models;
    const { rollOut, ...rest } = promoted;
    const after =
      isBuiltIn && rollOut !== undefined ? { ...rest, rollOut: { ...rollOut, share: 100, rule: null } } : rest;
    return [...models.filter((model) => model !== promoted), after];
  });
  addedModels.forget();
  return true;
}

/** An offered revision by "id@revision". Fails with `model_not_found`, naming those there are. */
export function findOffered(models: readonly StoredModel[], name: string): Result<StoredModel, Failure> {
  const offered = models.filter(({ isOffered }) => isOffered);
  const found = offered.find((model) => nameOf(model) === canonicalModelName(name));
  return found === undefined
    ? err({ code: "model_not_found", model: name, available: offered.map(nameOf) })
    : ok(found);
}

function isSame(a: Revision, b: Revision): boolean {
  return a.id === b.id && a.revision === b.revision;
}

function nameOf({ id, revision }: Revision): string {
  return `${id}@${revision}`;
}
