import { useSignal } from "@preact/signals";
import type { OfferedModel } from "../../../shared/api/added-model.ts";
import type { RollOut, RollOutFigures } from "../../../shared/api/roll-out.ts";
import { type RollOutReason, reasonText } from "../../../shared/api/roll-out-reason.ts";
import type { ApiRequest } from "../api/client.ts";
import { count, duration, moment, share } from "./figures.ts";
import { ask } from "./operator.ts";
import { OrderFault, useOrder } from "./order.tsx";
import { Table } from "./table.tsx";
import { adminWords } from "./words.ts";

interface RollOutProps {
  readonly model: Pick<OfferedModel, "id" | "revision">;
  readonly rollOut: RollOut;
  /** Hears when it was ended. */
  readonly changed: () => Promise<void>;
}

/** How both revisions of a roll-out do, and the two ways to end it. */
export function RollOutCard({ model: { id, revision }, rollOut, changed }: RollOutProps) {
  const { rollOut: texts } = adminWords.value;
  const name = `${id}@${revision}`;
  const { before, candidate, verdict, reasons } = rollOut;
  const text = (reason: RollOutReason) => reasonText(texts.reasons, reason);
  const rows = [before, candidate].flatMap((figures) => figures ?? []);
  return (
    <section class="card">
      <h3>{texts.title(name)}</h3>
      <p>{texts.about(String(rollOut.share), id, moment(rollOut.since))}</p>
      <Table
        label={texts.title(name)}
        columns={[
          texts.revision,
          texts.requests,
          texts.failed,
          texts.failureRate,
          "p95",
          texts.recognition,
          texts.bias,
        ]}
        figures={[1, 2, 3, 4, 5, 6]}
        empty=""
        rows={rows.map((figures) => ({ key: figures.revision, cells: figureCells(figures) }))}
      />
      <p>{verdict === null ? texts.noRule : texts.verdicts[verdict] + reasons.map(text).join(texts.between)}</p>
      <RollOutActions name={name} changed={changed} />
    </section>
  );
}

function figureCells({ revision, requests, failed_requests: failed, p95_ms, recognition, bias }: RollOutFigures) {
  return [
    <code key="revision">{revision}</code>,
    count(requests),
    count(failed),
    share(requests === 0 ? null : failed / requests),
    duration(p95_ms),
    share(recognition === null ? null : recognition / 100),
    bias === null ? "–" : bias.toFixed(1),
  ];
}

/** Both orders reach every caller of the id, so each is asked for twice. */
function RollOutActions({ name, changed }: Pick<RollOutProps, "changed"> & { readonly name: string }) {
  const { rollOut: texts } = adminWords.value;
  const asked = useSignal<"promote" | "takeBack" | undefined>(undefined);
  const { fault, send: sendOrder } = useOrder();
  const path = `/v1/admin/models/${encodeURIComponent(name)}`;
  const orders = {
    promote: { method: "POST", path: `${path}/promote` },
    takeBack: { method: "DELETE", path },
  } as const satisfies Readonly<Record<string, ApiRequest>>;

  async function send(order: keyof typeof orders): Promise<void> {
    asked.value = undefined;
    await sendOrder(async () => {
      await ask(orders[order]);
      return undefined;
    });
    await changed();
  }

  const button = (label: string, onClick: () => void) => (
    <button type="button" class="small" onClick={onClick}>
      {label}
    </button>
  );
  const { value: wanted } = asked;
  return (
    <>
      <span class="actions">
        {wanted === undefined ? (
          <>
            {button(texts.promote, () => {
              asked.value = "promote";
            })}
            {button(texts.takeBack, () => {
              asked.value = "takeBack";
            })}
          </>
        ) : (
          <>
            {button(wanted === "promote" ? texts.promoteSure : texts.takeBackSure, () => void send(wanted))}
            {button(texts.keep, () => {
              asked.value = undefined;
            })}
          </>
        )}
      </span>
      <OrderFault fault={fault} />
    </>
  );
}
