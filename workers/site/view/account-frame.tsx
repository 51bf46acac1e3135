import type { ComponentChildren } from "preact";
import { apiKey } from "../state/session.ts";
import { words } from "../words/words.ts";
import { KeyForm } from "./key-form.tsx";
import { type PageName, SiteHeader } from "./site-header.tsx";

interface FrameProps {
  readonly page: PageName;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** A page of one account: without a key it asks for one and shows nothing else. */
export function AccountFrame({ page, title, children }: FrameProps) {
  return (
    <>
      <button type="button" class="skip" onClick={() => document.querySelector<HTMLElement>("main")?.focus()}>
        {words.value.skipToContent}
      </button>
      <SiteHeader page={page} />
      <main class="figures-page account-page" tabIndex={-1}>
        <h1>{title}</h1>
        {apiKey.value === undefined ? <KeyForm /> : children}
      </main>
    </>
  );
}
