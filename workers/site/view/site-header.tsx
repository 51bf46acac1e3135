import { apiKey, balance, isDevelopment, signOut } from "../state/session.ts";
import { theme, themes } from "../state/theme.ts";
import { chooseLanguage, language, words } from "../words/words.ts";
import { dollars } from "./money.ts";

/** The pages that every header links to, in this order. */
const links = [
  { page: "playground", path: "/" },
  { page: "gallery", path: "/gallery" },
  { page: "account", path: "/account" },
  { page: "docs", path: "/docs" },
] as const;

/** A page, as its header names it; a picture in a link and the operator's page are opened from outside alone. */
export type PageName = (typeof links)[number]["page"] | "picture" | "admin";

/** The pages that use an account's key. */
const accountPages: readonly PageName[] = ["playground", "gallery", "account"];

/** What stands above every page. */
export function SiteHeader({ page }: { readonly page: PageName }) {
  const { nav, title } = words.value;
  return (
    <header class="site-header">
      <a class="wordmark" href="/">
        <Mark />
        {title}
      </a>
      <nav aria-label={title}>
        {links.map((link) => (
          <a key={link.page} href={link.path} aria-current={page === link.page ? "page" : undefined}>
            {nav[link.page]}
          </a>
        ))}
      </nav>
      <div class="header-tools">
        {accountPages.includes(page) && <Account />}
        <ThemeChoice />
        <button
          type="button"
          class="quiet"
          lang={language.value === "en" ? "ja" : "en"}
          onClick={() => chooseLanguage(language.value === "en" ? "ja" : "en")}
        >
          {words.value.otherLanguage}
        </button>
      </div>
    </header>
  );
}

/** Sixteen cells: a latent. */
function Mark() {
  return (
    <svg class="mark" viewBox="0 0 16 16" aria-hidden="true">
      <rect x="1" y="1" width="6" height="6" rx="1.5" opacity="0.45" />
      <rect x="9" y="1" width="6" height="6" rx="1.5" />
      <rect x="1" y="9" width="6" height="6" rx="1.5" />
      <rect x="9" y="9" width="6" height="6" rx="1.5" opacity="0.7" />
    </svg>
  );
}

function Account() {
  if (apiKey.value === undefined) return null;
  const { key } = words.value;
  const left = balance.value?.available_micro_usd;
  return (
    <span class="account">
      <span class="balance">{left === undefined ? "" : key.balance(dollars(left))}</span>
      {isDevelopment.value ? (
        <span class="tag">{key.local}</span>
      ) : (
        <button type="button" class="quiet" onClick={signOut}>
          {key.signOut}
        </button>
      )}
    </span>
  );
}

function ThemeChoice() {
  const { nav, theme: names } = words.value;
  return (
    <select
      class="quiet"
      aria-label={nav.theme}
      value={theme.value}
      onChange={({ currentTarget }) => {
        theme.value = themes.find((name) => name === currentTarget.value) ?? "auto";
      }}
    >
      {themes.map((name) => (
        <option key={name} value={name}>
          {names[name]}
        </option>
      ))}
    </select>
  );
}
