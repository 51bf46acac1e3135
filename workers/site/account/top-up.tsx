import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Topup } from "../../../shared/api/topup.ts";
import { sendForJson } from "../api/client.ts";
import { apiKey, balance, refreshBalance } from "../state/session.ts";
import { errorText } from "../view/error-text.ts";
import { dollars } from "../view/money.ts";
import { accountWords } from "./words.ts";

/** What Stripe's page sent the person back with; told once, so the address forgets it. */
const ending = takeEnding();

/** Stripe confirms most payments within seconds; a balance that comes later needs a reload. */
const confirmationMsMax = 60_000;
const pollMs = 3_000;

/** The form that opens a payment at Stripe Checkout, where this service takes any. */
export function TopUp() {
  const { topUp: texts } = accountWords.value;
  const limits = balance.value?.topup_usd_cents;
  const amount = useSignal("25");
  const fault = useSignal<string | undefined>(undefined);
  useEffect(ending === "paid" ? followBalance : () => {}, []);
  if (limits === undefined || limits === null) return null;

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    const usdCents = Math.round(Number(amount.value) * 100);
    const isInside = limits != null && usdCents >= limits.min && usdCents <= limits.max;
    fault.value = isInside ? undefined : texts.outside(centsText(limits?.min), centsText(limits?.max));
    if (!isInside) return;
    await sendForJson<Topup>(
      { method: "POST", path: "/v1/topups", body: { usd_cents: usdCents } },
      { key: apiKey.value },
    ).then(
      ({ url }) => location.assign(url),
      (error: unknown) => {
        fault.value = errorText(error);
      },
    );
  }

  return (
    <form class="top-up" aria-label={texts.title} noValidate onSubmit={submit}>
      <p role="status">{ending !== undefined && texts.endings[ending]}</p>
      <label class="field">
        <span>{texts.amount}</span>
        <input
          type="number"
          inputMode="decimal"
          min={limits.min / 100}
          max={limits.max / 100}
          step="0.01"
          aria-invalid={fault.value !== undefined}
          aria-describedby="top-up-fault"
          value={amount.value}
          onInput={({ currentTarget }) => {
            amount.value = currentTarget.value;
          }}
        />
      </label>
      <button type="submit">{texts.pay}</button>
      <p class="help">{texts.help}</p>
      <p id="top-up-fault" class="fault" role="alert">
        {fault.value}
      </p>
    </form>
  );
}

function centsText(cents = 0): string {
  return dollars(cents * 10_000);
}

/** Reads the balance for a while. Returns what ends it. */
function followBalance(): () => void {
  const untilMs = Date.now() + confirmationMsMax;
  const timer = setInterval(() => {
    if (Date.now() > untilMs) clearInterval(timer);
    else void refreshBalance();
  }, pollMs);
  return () => clearInterval(timer);
}

function takeEnding(): "paid" | "cancelled" | undefined {
  const found = new URLSearchParams(location.search).get("topup");
  if (found !== null) history.replaceState(null, "", location.pathname);
  return found === "paid" || found === "cancelled" ? found : undefined;
}
