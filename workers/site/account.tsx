import { render } from "preact";
import "./style/base.css";
import "./style/account.css";
import { Overview } from "./account/overview.tsx";
import { accountWords } from "./account/words.ts";
import { refreshBalance } from "./state/session.ts";
import { followTheme } from "./state/theme.ts";
import { AccountFrame } from "./view/account-frame.tsx";
import { followLanguage } from "./words/words.ts";

function AccountPage() {
  return (
    <AccountFrame page="account" title={accountWords.value.title}>
      <Overview />
    </AccountFrame>
  );
}

followLanguage();
followTheme();
// First, because what it tells would move what is on the page already.
await refreshBalance();
const root = document.querySelector("#app");
if (root !== null) render(<AccountPage />, root);
