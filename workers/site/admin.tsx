import { render } from "preact";
import "./style/base.css";
import "./style/figures-page.css";
import "./style/admin.css";
import "./style/kpi.css";
import { AccountView } from "./admin/account.tsx";
import { AccountsView } from "./admin/accounts.tsx";
import { AuditView } from "./admin/audit-view.tsx";
import { CredentialForm } from "./admin/credential-form.tsx";
import { KpiView } from "./admin/kpi.tsx";
import { credential, signOut } from "./admin/operator.ts";
import { linkTo, place, views } from "./admin/place.ts";
import { SpendView } from "./admin/spend.tsx";
import { SystemView } from "./admin/system.tsx";
import { TrafficView } from "./admin/traffic.tsx";
import { adminWords } from "./admin/words.ts";
import { followTheme } from "./state/theme.ts";
import { SiteHeader } from "./view/site-header.tsx";
import { followLanguage, words } from "./words/words.ts";

function AdminPage() {
  const { title, signOut: label } = adminWords.value;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>("main")?.focus()}>
        {words.value.skipToContent}
      </button>
      <SiteHeader page="admin" />
      <main class="figures-page" tabIndex={-1}>
        <div class="page-head">
          <h1>{title}</h1>
          {credential.value !== undefined && (
            <button type="button" class="quiet" onClick={signOut}>
              {label}
            </button>
          )}
        </div>
        {credential.value === undefined ? <CredentialForm /> : <Views />}
      </main>
    </>
  );
}

function Views() {
  const { title, nav } = adminWords.value;
  const { view } = place.value;
  return (
    <>
      <nav class="tabs" aria-label={title}>
        {views.map((name) => (
          <a key={name} href={linkTo(name)} aria-current={name === view ? "page" : undefined}>
            {nav[name]}
          </a>
        ))}
      </nav>
      <Shown />
    </>
  );
}

function Shown() {
  const { view, detail } = place.value;
  switch (view) {
    case "traffic":
      return <TrafficView />;
    case "spend":
      return <SpendView />;
    case "kpi":
      return <KpiView />;
    case "accounts":
      return detail === "" ? <AccountsView /> : <AccountView id={detail} key={detail} />;
    case "audit":
      return <AuditView />;
    case "system":
      return <SystemView />;
  }
}

followLanguage();
followTheme();
const root = document.querySelector("#app");
if (root !== null) render(<AdminPage />, root);
