import apple from "../pictures/apple.webp";
import butterfly from "../pictures/butterfly.webp";
import fox from "../pictures/fox.webp";
import house from "../pictures/house.webp";
import rainbow from "../pictures/rainbow.webp";
import rocket from "../pictures/rocket.webp";
import strawberry from "../pictures/strawberry.webp";
import sunflower from "../pictures/sunflower.webp";
import { exampleList } from "../state/example-list.ts";
import { make } from "../state/make.ts";
import { apiKey } from "../state/session.ts";
import { defaultSettings, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";

/** Pictures of emoji-128; `npm run docs:examples` makes them again. */
const pictures = { apple, butterfly, fox, house, rainbow, rocket, strawberry, sunflower };

/** What stands where the picture will be, until there is one. */
export function Examples() {
  const { prompt: texts } = words.value;

  function choose({ prompt, style, seed }: (typeof exampleList)[number]): void {
    settings.value = { ...defaultSettings, prompt, style, seed };
    if (apiKey.value !== undefined) void make(settings.value);
  }

  return (
    <section class="examples" aria-labelledby="examples-title">
      <h2 id="examples-title">{texts.examples}</h2>
      <ul>
        {exampleList.map((example) => (
          <li key={example.prompt}>
            <button type="button" onClick={() => choose(example)}>
              <img src={pictures[example.name]} alt="" width={128} height={128} />
              <span>
                {example.prompt}, {example.style}
              </span>
            </button>
          </li>
        ))}
      </ul>
      <p class="help">{texts.examplesNote}</p>
    </section>
  );
}
