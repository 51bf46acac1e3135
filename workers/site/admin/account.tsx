import { useSignal } from "@preact/signals";
import type { AccountItem } from "../../../shared/api/admin-answers.ts";
import { ApiError } from "../api/client.ts";
import { Answered } from "./answered.tsx";
import { AuditLog } from "./audit-log.tsx";
import { Credit } from "./credit.tsx";
import { Defaults } from "./defaults.tsx";
import { Keys } from "./keys.tsx";
import { linkTo } from "./place.ts";
import { Settings } from "./settings.tsx";
import { useAnswer } from "./use-answer.ts";
import { adminWords } from "./words.ts";

/** One account: credit, keys, settings, defaults of its requests, audit log. */
export function AccountView({ id }: { readonly id: string }) {
  const { accounts: texts } = adminWords.value;
  const path = `/v1/admin/accounts/${encodeURIComponent(id)}`;
  const asked = useAnswer<AccountItem>(path);
  const changes = useSignal(0);
  const changed = () => {
    changes.value += 1;
  };
  return (
    <section aria-labelledby="account-title" class="view">
      <p>
        <a href={linkTo("accounts")}>← {texts.back}</a>
      </p>
      <h2 id="account-title">{id}</h2>
      {asked.error instanceof ApiError && asked.error.status === 404 ? (
        <p class="fault" role="alert">
          {texts.missing}
        </p>
      ) : (
        <Answered asked={asked}>
          {(account) => (
            <>
              <Credit path={path} changed={changed} />
              <Keys path={path} changed={changed} />
              <Settings account={account} path={path} changed={changed} />
              <Defaults account={account} path={path} changed={changed} />
              <AuditLog path={`${path}/audit`} title={adminWords.value.audit.title} key={changes.value} />
            </>
          )}
        </Answered>
      )}
    </section>
  );
}
