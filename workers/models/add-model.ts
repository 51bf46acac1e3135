import type { AddModelRequest } from "../../shared/api/added-model.ts";
import type { RollOutReason } from "../../shared/api/roll-out-reason.ts";
import { AppError, type Failure, invalidRequest } from "../../shared/errors.ts";
import { missedThresholds, modelReportSchema } from "../../shared/models/kpi.ts";
import { canonicalModelName } from "../../shared/models/model-name.ts";
import { err, ok, type Result } from "../../shared/result.ts";
import { createPromptEncoder } from "../prompt/prompt-encoder.ts";
import type { ModelActor } from "./model-audit.ts";
import type { ModelListServices } from "./model-list.ts";
import { digestOf, type StoredModel } from "./model-store.ts";
import { rollOutFault, rollOutState, underWayFault } from "./roll-out.ts";

/**
 * Adds a model, or offers it again. The caller has found no fault in it (`addedModelFault`), and has asked the backends
 * whether one holds it.
 */
export async function addModel(
  { modelStore, addedModels, modelAudit, nowMs }: Omit<ModelListServices, "models">,
  { manifest, manifestText, tokenizer, priceFactor, kpi, rollOut }: AddModelRequest,
  actor: ModelActor,
): Promise<StoredModel> {
  const { id, revision } = manifest;
  const missed = kpi === undefined ? [] : missedThresholds(kpi);
  const isForced = missed.length > 0;
  const details = {
    price_factor: priceFactor,
    verdict: kpi?.verdict ?? null,
    forced: isForced,
    missed,
    share: rollOut?.share ?? null,
  };
  await modelAudit.write(actor, { action: "model.added", subject: `${id}@${revision}`, details });
  const stored: StoredModel = {
    id,
    revision,
    manifest: await modelStore.write(manifestText),
    tokenizer: await modelStore.write(tokenizer),
    addedMs: nowMs(),
    priceFactor,
    isOffered: true,
    ...(kpi && { report: modelReportSchema.parse(kpi) }),
    isForced,
    ...(rollOut && { rollOut: rollOutState(rollOut, undefined, nowMs()) }),
  };
  await modelStore.change((models) => [...models.filter((other) => other.revision !== revision), stored]);
  addedModels.forget();
  return stored;
}

/**
 * Why a model cannot be added; undefined when it can. `invalid_request`: the tokenizer is not the manifest's, the
 * service was built with this very revision, the revision has another id (latents say both, and backends know a bundle
 * by its revision), or another revision of the id is being rolled out. `thresholds_missed`: so its report says, and the
 * order does not force it.
 */
export async function addedModelFault(
  { models, modelStore }: Pick<ModelListServices, "models" | "modelStore">,
  { manifest, tokenizer, kpi, force, rollOut }: AddModelRequest,
): Promise<Failure | undefined> {
  const { id, revision } = manifest;
  if (revision === models.default.manifest.revision) {
    return invalidRequest("manifest", "'manifest' is that of the model that the service was built with.");
  }
  const known = await modelStore.list();
  const unfit =
    rollOut === undefined
      ? underWayFault(known, models.default.manifest, { id, revision })
      : rollOutFault(known, models.default.manifest, { candidate: { id, revision }, order: rollOut });
  if (unfit !== undefined) return unfit;
  const same = known.find((stored) => stored.revision === revision);
  if (same !== undefined && same.id !== id) {
    return invalidRequest("manifest", `'manifest' is that of '${same.id}': the same files under another id.`);
  }
  const file = manifest.files[manifest.text.tokenizer];
  if (file?.sha256 !== (await digestOf(tokenizer))) {
    return invalidRequest("tokenizer", "'tokenizer' is not the file that the manifest lists: its SHA-256 differs.");
  }
  try {
    createPromptEncoder(JSON.parse(tokenizer), manifest.text).encode("a");
  } catch (error) {
    const reason = error instanceof AppError ? error.message : "It is not a tokenizer.";
    return invalidRequest("tokenizer", `'tokenizer' cannot be read. ${reason}`);
  }
  const missed = kpi === undefined ? [] : missedThresholds(kpi);
  return missed.length === 0 || force ? undefined : { code: "thresholds_missed", model: manifest.id, missed };
}

/**
 * Takes a model back: requests cannot name it any more, and its latents are still decoded. `name`: "id@revision", or
 * "id" for all revisions that were added. Fails with `model_not_found`, or `invalid_request` for the one that is built
 * in.
 */
export async function withdrawModel(
  { models, modelStore, addedModels, modelAudit }: Omit<ModelListServices, "nowMs">,
  name: string,
  { actor, reasons }: { readonly actor: ModelActor; readonly reasons?: readonly RollOutReason[] },
): Promise<Result<readonly StoredModel[], Failure>> {
  const canonical = canonicalModelName(name);
  const isNamed = ({ id, revision }: StoredModel) => [id, `${id}@${revision}`].includes(canonical);
  const known = await modelStore.list();
  const named = known.filter(isNamed);
  if (named.length === 0) {
    const { id, revision } = models.default.manifest;
    if ([id, `${id}@${revision}`].includes(canonical)) {
      const fix = "Deploy the service with another bundle to replace it.";
      return err(invalidRequest("name", `'${id}' is built into the service, and cannot be withdrawn. ${fix}`));
    }
    const available = known.map(({ id, revision }) => `${id}@${revision}`);
    return err({ code: "model_not_found", model: name, available });
  }
  const details = reasons === undefined ? {} : { reasons };
  for (const { id, revision, isOffered } of named) {
    if (!isOffered) continue;
    await modelAudit.write(actor, { action: "model.withdrawn", subject: `${id}@${revision}`, details });
  }
  await modelStore.change((models) => models.map((model) => (isNamed(model) ? withdrawn(model) : model)));
  addedModels.forget();
  return ok(named.map(withdrawn));
}

function withdrawn({ rollOut: _, ...model }: StoredModel): StoredModel {
  return { ...model, isOffered: false };
}
