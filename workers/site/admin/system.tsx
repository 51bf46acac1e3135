import { useSignal } from "@preact/signals";
import type { BackendItem, LedgerItem } from "../../../shared/api/operator-answers.ts";
import { dollars } from "../view/money.ts";
import { Answered } from "./answered.tsx";
import { count, duration, moment } from "./figures.ts";
import { Models } from "./models.tsx";
import { linkTo } from "./place.ts";
import { RefreshCard } from "./refresh-card.tsx";
import { Table } from "./table.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

interface List<Item> {
  readonly data: readonly Item[];
  readonly has_more: boolean;
}

/** Backends, models and ledgers as they are now. */
export function SystemView() {
  const { nav, utc } = adminWords.value;
  return (
    <section aria-labelledby="system-title" class="view">
      <h2 id="system-title">{nav.system}</h2>
      <Backends />
      <Models />
      <Ledgers />
      <p class="help">{utc}</p>
    </section>
  );
}

function Backends() {
  const { system: texts, none } = adminWords.value;
  const asked = useAnswer<List<BackendItem>>("/v1/admin/backends");
  return (
    <RefreshCard title={texts.backends} onRefresh={asked.refresh}>
      <Answered asked={asked}>
        {({ data }) => (
          <Table
            label={texts.backends}
            columns={[texts.host, texts.status, texts.waiting, texts.running, texts.backlog, texts.revision]}
            figures={[2, 3, 4]}
            empty={none}
            rows={data.map((backend) => ({ key: backend.host, cells: backendCells(backend) }))}
          />
        )}
      </Answered>
    </RefreshCard>
  );
}

function backendCells({ host, region, standby, status, revision, ...queue }: BackendItem) {
  const { system: texts } = adminWords.value;
  const notes = [region, standby ? texts.standby : null].filter((note) => note !== null).join(", ");
  return [
    notes === "" ? host : `${host} (${notes})`,
    <span key="status" class={status === "ready" ? undefined : "fault"}>
      {texts.statuses[status]}
    </span>,
    queue.tasks_waiting ?? "–",
    queue.tasks_running ?? "–",
    duration(queue.backlog_ms),
    revision ?? "–",
  ];
}

function Ledgers() {
  const { system: texts, none } = adminWords.value;
  const after = useSignal("");
  const asked = useAnswer<List<LedgerItem>>(`/v1/admin/ledgers?limit=25&after=${encodeURIComponent(after.value)}`);
  return (
    <section class="card">
      <h3>{texts.ledgers}</h3>
      <Answered asked={asked}>
        {({ data, has_more }) => (
          <>
            <Table
              label={texts.ledgers}
              columns={[
                texts.account,
                texts.sums,
                texts.available,
                texts.held,
                texts.spent,
                texts.open,
                texts.oldest,
                texts.outbox,
                texts.outboxSince,
                texts.reconciled,
              ]}
              figures={[2, 3, 4, 5, 7]}
              empty={none}
              rows={data.map((ledger) => ({ key: ledger.account, cells: ledgerCells(ledger) }))}
            />
            {has_more && (
              <button
                type="button"
                onClick={() => {
                  after.value = data.at(-1)?.account ?? "";
                }}
              >
                {texts.more}
              </button>
            )}
          </>
        )}
      </Answered>
    </section>
  );
}

function ledgerCells(ledger: LedgerItem) {
  const { system: texts } = adminWords.value;
  return [
    <a key="account" href={linkTo("accounts", ledger.account)}>
      {ledger.account}
    </a>,
    <span key="sums" class={ledger.balanced ? undefined : "fault"}>
      {ledger.balanced ? texts.balanced : texts.unbalanced}
    </span>,
    dollars(ledger.available_micro_usd),
    dollars(ledger.held_micro_usd),
    dollars(ledger.spent_micro_usd),
    count(ledger.open_reservations),
    moment(ledger.oldest_reservation),
    count(ledger.outbox_events),
    moment(ledger.oldest_event),
    moment(ledger.reconciled),
  ];
}
