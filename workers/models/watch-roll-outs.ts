import type { RollOut, RollOutFigures } from "../../shared/api/roll-out.ts";
import type { ModelReport } from "../../shared/models/kpi.ts";
import type { ModelFiguresReader } from "../usage/model-figures.ts";
import { hourAt } from "../usage/traffic.ts";
import { withdrawModel } from "./add-model.ts";
import { type Judgement, judgeRollOut, type WatchedRevision } from "./judge-roll-out.ts";
import type { ModelActor } from "./model-audit.ts";
import type { ModelListServices } from "./model-list.ts";
import type { StoredModel } from "./model-store.ts";
import { promoteModel, revisionBefore } from "./roll-out.ts";

/** What watching roll-outs takes. */
export interface WatchServices extends ModelListServices {
  readonly modelFigures: ModelFiguresReader;
}

/** What the rule of an operator does is done in this name. */
const rule: ModelActor = { name: "roll-out rule", requestId: "" };

/** How both revisions of a roll-out do, and what its rule says. Undefined for a model that is not rolled out. */
export async function watchRollOut(
  { models: { default: builtIn }, modelFigures }: Pick<WatchServices, "models" | "modelFigures">,
  models: readonly StoredModel[],
  candidate: StoredModel,
): Promise<RollOut | undefined> {
  const { rollOut, isOffered, revision } = candidate;
  // One that was deployed since is what its id alone means.
  if (rollOut === undefined || !isOffered || revision === builtIn.manifest.revision) return undefined;
  const before = revisionBefore(models, builtIn.manifest, candidate);
  const revisions = before === undefined ? [revision] : [revision, before.revision];
  const figures = await modelFigures.read(revisions, hourAt(rollOut.sinceMs));
  const watched = (name: string, report: ModelReport | undefined): WatchedRevision => {
    return { ...(figures.get(name) ?? { requests: 0, failed: 0, p95Ms: undefined }), report };
  };
  const ofCandidate = watched(revision, candidate.report);
  const reports = [...models.map(({ report }) => report), rollOut.baseReport];
  const reportBefore = reports.find((report) => report?.revision === before?.revision);
  const ofBefore = before && watched(before.revision, reportBefore);
  const judged = rollOut.rule && judgeRollOut(rollOut.rule, { before: ofBefore, candidate: ofCandidate });
  return {
    share: rollOut.share,
    since: new Date(rollOut.sinceMs).toISOString(),
    rule: rollOut.rule,
    before: before && ofBefore ? figuresItem(before.revision, ofBefore) : null,
    candidate: figuresItem(revision, ofCandidate),
    verdict: judged?.verdict ?? null,
    reasons: judged?.reasons ?? [],
  };
}

/** Promotes and takes back what the operator's rules say. Returns what each of them said. */
export async function advanceRollOuts(services: WatchServices): Promise<readonly Judgement["verdict"][]> {
  const models = await services.modelStore.list();
  const verdicts: Judgement["verdict"][] = [];
  for (const candidate of models) {
    const watched = await watchRollOut(services, models, candidate);
    if (watched === undefined || watched.verdict === null) continue;
    verdicts.push(watched.verdict);
    const done = { reasons: watched.reasons, actor: rule };
    if (watched.verdict === "promote") await promoteModel(services, candidate, done);
    if (watched.verdict === "take_back") await withdrawModel(services, `${candidate.id}@${candidate.revision}`, done);
  }
  return verdicts;
}

function figuresItem(revision: string, { requests, failed, p95Ms, report }: WatchedRevision): RollOutFigures {
  return {
    revision,
    requests,
    failed_requests: failed,
    p95_ms: p95Ms === undefined ? null : Math.round(p95Ms),
    recognition: report?.figures["recognition"]?.value ?? null,
    bias: report?.figures["bias"]?.value ?? null,
  };
}
