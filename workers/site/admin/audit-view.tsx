import { useCallback, useEffect, useState } from "preact/hooks";
import type { AccountAuditList } from "../../../shared/api/admin-answers.ts";
import { errorText } from "../view/error-text.ts";
import { AuditEntries } from "./audit-entries.tsx";
import { AuditLog } from "./audit-log.tsx";
import { ask } from "./operator.ts";
import { adminWords } from "./words.ts";

/** Entries that each request brings. */
const pageEntries = 50;

/** What is known of the list; `cursor` null: all of it. */
interface Known {
  readonly entries: AccountAuditList["data"];
  readonly cursor: string | null;
}

/** Who changed what of the models and in all accounts, newest first; of accounts older entries on request. */
export function AuditView() {
  const { audit: texts, nav, loading, refresh, utc } = adminWords.value;
  const [known, setKnown] = useState<Known | undefined>(undefined);
  const [fault, setFault] = useState("");
  const [loads, setLoads] = useState(0);
  const load = useCallback(async (before?: Known) => {
    try {
      const { data, next_cursor } = await ask<AccountAuditList>({
        method: "GET",
        path: pathOf(before?.cursor ?? null),
      });
      setKnown({ entries: [...(before?.entries ?? []), ...data], cursor: next_cursor });
      setFault("");
    } catch (error) {
      setFault(errorText(error));
    }
  }, []);
  useEffect(() => void load(), [load]);
  const reload = () => {
    setLoads((count) => count + 1);
    void load();
  };
  return (
    <section aria-labelledby="audit-title" class="view">
      <div class="view-head">
        <h2 id="audit-title">{nav.audit}</h2>
        <button type="button" onClick={reload}>
          {refresh}
        </button>
      </div>
      <p class="fault" role="alert">
        {fault}
      </p>
      <AuditLog path="/v1/admin/audit/models" title={texts.models} key={`models ${loads}`} />
      <section class="card">
        <h3>{texts.accounts}</h3>
        {known === undefined ? (
          <p class="help">{loading}</p>
        ) : (
          <AuditEntries entries={known.entries} title={texts.accounts} />
        )}
        {known !== undefined && known.cursor !== null && (
          <button type="button" onClick={() => void load(known)}>
            {texts.older}
          </button>
        )}
      </section>
      <p class="help">
        {texts.delay} {utc}
      </p>
    </section>
  );
}

function pathOf(cursor: string | null): string {
  const path = `/v1/admin/audit/accounts?limit=${pageEntries}`;
  return cursor === null ? path : `${path}&cursor=${encodeURIComponent(cursor)}`;
}
