import { results, shownId } from "../state/results.ts";
import { words } from "../words/words.ts";

/** The pictures of the session, newest first; the arrow keys walk through them. */
export function History() {
  const { history: texts } = words.value;
  const list = results.value.toReversed();

  function walk(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const at = list.findIndex(({ id }) => id === shownId.value);
    const next = Math.min(Math.max(at + step, 0), list.length - 1);
    shownId.value = list[next]?.id;
    const button = event.currentTarget.querySelectorAll("button")[next];
    button?.focus();
  }

  return (
    <section class="history" aria-labelledby="history-title">
      <h2 id="history-title">{texts.title}</h2>
      <ul aria-describedby="history-help" onKeyDown={walk}>
        {list.map(({ id, url, prompt }, index) => (
          <li key={id}>
            <button
              type="button"
              aria-current={id === shownId.value}
              tabIndex={id === (shownId.value ?? list[0]?.id) ? 0 : -1}
              aria-label={texts.item(index + 1, list.length, prompt)}
              onClick={() => {
                shownId.value = id;
              }}
            >
              <img src={url} alt="" width={64} height={64} />
            </button>
          </li>
        ))}
      </ul>
      <p id="history-help" class="help">
        {texts.help}
      </p>
    </section>
  );
}
