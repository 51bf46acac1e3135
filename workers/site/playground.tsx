import { render } from "preact";
import "./style/base.css";
import "./style/playground.css";
import "./style/facts.css";
import "./style/lists.css";
import "./style/panels.css";
import type { ModelsList } from "../../shared/api/models-list.ts";
import { sendForJson } from "./api/client.ts";
import { readLink } from "./state/link.ts";
import { followPrice } from "./state/quote.ts";
import { results, shownId } from "./state/results.ts";
import { apiKey, refreshBalance } from "./state/session.ts";
import { defaultSettings, models, settings } from "./state/settings.ts";
import { followTheme } from "./state/theme.ts";
import { Composer } from "./view/composer.tsx";
import { KeyForm } from "./view/key-form.tsx";
import { SiteHeader } from "./view/site-header.tsx";
import { Stage } from "./view/stage.tsx";
import { followLanguage, words } from "./words/words.ts";

function Playground() {
  const { skip, footer } = words.value;
  return (
    <>
      <button type="button" class="skip" onClick={goToStage}>
        {skip}
      </button>
      <SiteHeader page="playground" />
      <main class="playground">
        <div class="side">
          {apiKey.value === undefined && <KeyForm />}
          <Composer />
        </div>
        <Stage />
      </main>
      <footer class="site-footer">
        <span>{footer.marked}</span> <span>{footer.prompts}</span>
      </footer>
    </>
  );
}

/** A link would replace the fragment, which holds the settings. */
function goToStage(): void {
  document.querySelector<HTMLElement>("#stage")?.focus();
}

/** What the URL says is what the composer holds, also on the way back. */
function followLocation(): void {
  const read = () => {
    settings.value = readLink(location.hash) ?? defaultSettings;
    shownId.value = results.value.findLast(({ link }) => `#${link}` === location.hash)?.id;
  };
  read();
  window.addEventListener("popstate", read);
}

async function loadModels(): Promise<void> {
  const list = await sendForJson<ModelsList>({ method: "GET", path: "/v1/models" }, { key: apiKey.value }).catch(
    () => undefined,
  );
  models.value = list?.data.filter(({ alias_of }) => alias_of === undefined) ?? [];
}

followLanguage();
followTheme();
followLocation();
followPrice();
// Both first, because what they tell would move what is on the page already.
await Promise.all([loadModels(), refreshBalance()]);
const root = document.querySelector("#app");
if (root !== null) render(<Playground />, root);
