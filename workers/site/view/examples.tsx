import apple from "../pictures/apple.webp";
import butterfly from "../pictures/butterfly.webp";
import fox from "../pictures/fox.webp";
import house from "../pictures/house.webp";
import rainbow from "../pictures/rainbow.webp";
import rocket from "../pictures/rocket.webp";
import strawberry from "../pictures/strawberry.webp";
import sunflower from "../pictures/sunflower.webp";
import { make } from "../state/make.ts";
import { apiKey } from "../state/session.ts";
import { defaultSettings, settings } from "../state/settings.ts";
import { words } from "../words/words.ts";

/** Pictures of emoji-128 (`scripts/example-pictures.ts` makes them again), and what makes each. */
const examples = [
  { picture: apple, prompt: "red apple", style: "3D", seed: 2 },
  { picture: fox, prompt: "fox", style: "3D", seed: 3 },
  { picture: rainbow, prompt: "rainbow", style: "3D", seed: 1 },
  { picture: rocket, prompt: "rocket", style: "3D", seed: 3 },
  { picture: strawberry, prompt: "strawberry", style: "flat", seed: 4 },
  { picture: sunflower, prompt: "sunflower", style: "3D", seed: 3 },
  { picture: butterfly, prompt: "blue butterfly", style: "noto", seed: 5 },
  { picture: house, prompt: "house", style: "flat", seed: 6 },
];

/** What stands where the picture will be, until there is one. */
export function Examples() {
  const { prompt: texts } = words.value;

  function choose({ prompt, style, seed }: (typeof examples)[number]): void {
    settings.value = { ...defaultSettings, prompt, style, seed };
    if (apiKey.value !== undefined) void make(settings.value);
  }

  return (
    <section class="examples" aria-labelledby="examples-title">
      <h2 id="examples-title">{texts.examples}</h2>
      <ul>
        {examples.map((example) => (
          <li key={example.prompt}>
            <button type="button" onClick={() => choose(example)}>
              <img src={example.picture} alt="" width={128} height={128} />
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
