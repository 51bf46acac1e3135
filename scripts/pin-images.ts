import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "./command-line.ts";
import { digestOf, imagesOf, withDigests } from "./image-digests.ts";

const help = `Looks up the present digest of each container image's tag, and writes it behind the tag.

  npm run images:pin

Files: Dockerfile, .devcontainer/devcontainer.json. If one registry does not answer, no file is changed.
`;

const files = ["Dockerfile", ".devcontainer/devcontainer.json"];

await runCommand(async () => {
  const { values } = parseArgs({ options: { help: { type: "boolean", default: false } } });
  if (values.help) return void process.stdout.write(help);
  const root = join(import.meta.dirname, "..");
  const texts = files.map((file) => ({ path: join(root, file), text: readFileSync(join(root, file), "utf8") }));
  const digests = new Map<string, string>();
  for (const image of new Set(texts.flatMap(({ text }) => imagesOf(text)))) {
    digests.set(image, await digestOf(image, fetch));
    console.log(`${image}@${digests.get(image)}`);
  }
  for (const { path, text } of texts) writeFileSync(path, withDigests(text, digests));
});
