import type { OfferedModel } from "../../../shared/api/added-model.ts";
import { Answered } from "./answered.tsx";
import { moment } from "./figures.ts";
import { RefreshCard } from "./refresh-card.tsx";
import { RollOutCard } from "./roll-out.tsx";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

/** Every revision of every model, and how those do that are being rolled out. */
export function Models() {
  const { models: texts, none } = adminWords.value;
  const asked = useAnswer<{ readonly data: readonly OfferedModel[] }>("/v1/admin/models");
  return (
    <>
      <RefreshCard title={texts.title} onRefresh={asked.refresh}>
        <Answered asked={asked}>
          {({ data }) => (
            <Table
              label={texts.title}
              columns={[texts.model, texts.revision, texts.state, texts.report]}
              empty={none}
              rows={data.map((model) => ({ key: nameOf(model), cells: modelCells(model) }))}
            />
          )}
        </Answered>
      </RefreshCard>
      {asked.answer?.data.map((model) => {
        const { roll_out: rollOut } = model;
        if (rollOut === null) return null;
        return <RollOutCard key={nameOf(model)} model={model} rollOut={rollOut} changed={asked.refresh} />;
      })}
    </>
  );
}

function modelCells(model: OfferedModel) {
  const { models: texts, kpi } = adminWords.value;
  const { id, revision, report, forced } = model;
  const verdict = report === null ? "–" : kpi.outcomes[report.verdict];
  return [
    id,
    <code key="revision">{revision}</code>,
    stateOf(model),
    forced ? `${verdict} (${texts.forced})` : verdict,
  ];
}

function stateOf({ added, offered, roll_out: rollOut }: OfferedModel): string {
  const { models: texts } = adminWords.value;
  if (!offered) return texts.withdrawn;
  if (rollOut !== null) return texts.rolledOut(String(rollOut.share));
  return added === null ? texts.builtIn : texts.offered(moment(added));
}

function nameOf({ id, revision }: OfferedModel): string {
  return `${id}@${revision}`;
}
