import type { Command } from "commander";
import { englishReasons, reasonText } from "../../../shared/api/roll-out-reason.ts";
import { answerOf, type Schemas } from "../../../shared/client/calls.ts";
import { CommandError } from "../../command-line.ts";
import { readKpiFile } from "../../local-models.ts";
import { exitCodes } from "../exit-codes.ts";
import { withExamples } from "../help.ts";
import { nameOf } from "../offer-model.ts";
import { asOperator, type OperatorFlags, withOperatorOptions } from "../operator.ts";
import { readRule, readShare } from "../roll-out-flags.ts";
import { table } from "../table.ts";

interface RollOutFlags extends OperatorFlags {
  readonly share?: string;
  readonly rule?: string;
  readonly baseKpi?: string;
}

/** `wuerstchen models roll-out`, which also shows how a roll-out does, and `promote`. */
export function addRollOutOrders(models: Command): void {
  addRollOut(models);
  addPromote(models);
}

function addRollOut(models: Command): void {
  const command = withOperatorOptions(models.command("roll-out"))
    .description("Give a revision a share of the unseeded requests of its id, or show how it does")
    .argument("<name>", "id@revision")
    .option("--share <percent>", "0 to 100; without it, the roll-out is shown")
    .option("--rule <rule>", "default, none, or thresholds that differ from the default: requests_min=500,…")
    .option("--base-kpi <file>", "the kpi.json of the revision before, where the service has none")
    .action((name: string, flags: RollOutFlags) => rollOut(name, flags));
  withExamples(command, {
    "wuerstchen models roll-out mine@2f7c9b01a4d8e635 --share 20": "",
    "wuerstchen models roll-out mine@2f7c9b01a4d8e635 --share 5 --rule requests_min=500,bias_rise_max=null":
      "promoted or taken back by itself",
    "wuerstchen models roll-out mine@2f7c9b01a4d8e635": "both revisions' figures",
  });
}

function rollOut(name: string, flags: RollOutFlags): Promise<void> {
  const body = flags.share === undefined ? undefined : orderOf(flags, flags.share);
  if (body === undefined && (flags.rule ?? flags.baseKpi) !== undefined) {
    throw new CommandError("--rule and --base-kpi need --share beside them.", exitCodes.usage);
  }
  return asOperator(flags, async ({ http }, signal) => {
    const params = { path: { name } };
    const model =
      body === undefined
        ? (await answerOf(http.GET("/v1/admin/models", { signal }))).data.find((listed) => nameOf(listed) === name)
        : await answerOf(http.POST("/v1/admin/models/{name}/roll-out", { params, body, signal }));
    if (model === undefined) throw new CommandError(`There is no ${name}. \`wuerstchen models revisions\` lists all.`);
    return flags.json === true ? JSON.stringify(model.roll_out) : rollOutText(model);
  });
}

function orderOf({ rule, baseKpi }: RollOutFlags, share: string): Schemas["RollOutRequest"] {
  return {
    share: readShare(share),
    ...(rule !== undefined && { rule: readRule(rule) }),
    ...(baseKpi !== undefined && { base_kpi: { ...readKpiFile(baseKpi) } }),
  };
}

function addPromote(models: Command): void {
  const command = withOperatorOptions(models.command("promote"))
    .description("Let an id alone mean the revision that is being rolled out")
    .argument("<name>", "id@revision")
    .action((name: string, flags: OperatorFlags) =>
      asOperator(flags, async ({ http }, signal) => {
        const params = { path: { name } };
        const model = await answerOf(http.POST("/v1/admin/models/{name}/promote", { params, signal }));
        if (flags.json === true) return JSON.stringify(model);
        if (model.roll_out === null) return `${nameOf(model)} is what ${model.id} means.`;
        return `${nameOf(model)} gets all unseeded requests of ${model.id}. Deploy its bundle, and seeded ones follow.`;
      }),
    );
  withExamples(command, { "wuerstchen models promote mine@2f7c9b01a4d8e635": "" });
}

/** How a roll-out does, for people. */
function rollOutText(model: Schemas["OfferedModel"]): string {
  const { roll_out: state, id } = model;
  if (state === null) return `${nameOf(model)} is not being rolled out.`;
  const { share, since, before, candidate, verdict, reasons } = state;
  const rows = [before, candidate].flatMap((figures) => (figures === null ? [] : [figuresRow(figures)]));
  const head = ["revision", "requests", "failed", "p95", "recognition", "bias"];
  const why = reasons.map((reason) => reasonText(englishReasons, reason)).join("; ");
  return [
    `${nameOf(model)} gets ${share} % of the unseeded requests of ${id} since ${since}.`,
    table([head, ...rows]).trimEnd(),
    verdict === null ? "No rule: you decide." : `The rule says ${verdict.replace("_", " ")}: ${why}.`,
  ].join("\n");
}

function figuresRow({ revision, requests, failed_requests, p95_ms, recognition, bias }: Schemas["RollOutFigures"]) {
  const shown = (value: number | null, unit: string) =>
    value === null ? "–" : `${Number(value.toPrecision(3))}${unit}`;
  return [
    revision,
    String(requests),
    String(failed_requests),
    shown(p95_ms, " ms"),
    shown(recognition, " %"),
    shown(bias, " points"),
  ];
}
