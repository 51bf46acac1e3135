import { render } from "preact";
import "./style/base.css";
import "./style/figures-page.css";
import "./style/account.css";
import { loadAccount } from "./account/account-data.ts";
import { DataPanel } from "./account/data-panel.tsx";
import { JobsPanel } from "./account/jobs-panel.tsx";
import { KeysPanel } from "./account/keys-panel.tsx";
import { Overview } from "./account/overview.tsx";
import { UsagePanel } from "./account/usage-panel.tsx";
import { accountWords } from "./account/words.ts";
import { apiKey, refreshBalance } from "./state/session.ts";
import { followTheme } from "./state/theme.ts";
import { AccountFrame } from "./view/account-frame.tsx";
import { followLanguage } from "./words/words.ts";

function AccountPage() {
  return (
    <AccountFrame page="account" title={accountWords.value.title}>
      <Overview />
      <UsagePanel />
      <JobsPanel />
      <KeysPanel />
      <DataPanel />
    </AccountFrame>
  );
}

followLanguage();
followTheme();
// Both first, because what they tell would move what is on the page already.
await Promise.all([refreshBalance(), loadAccount()]);
// Another key may see other things.
const loadedKey = apiKey.value;
apiKey.subscribe((key) => {
  if (key !== loadedKey) void loadAccount();
});
const root = document.querySelector("#app");
if (root !== null) render(<AccountPage />, root);
