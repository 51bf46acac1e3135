import sharp from "sharp";
import { expect, test } from "vitest";
import type { ImagesResponse } from "../../shared/api/images-response.ts";
import type { ModelItem } from "../../shared/api/models-list.ts";
import { tinyAlphaDirectory } from "../support/tiny-bundle.ts";
import { startMsMax, useTinyStack } from "../support/tiny-stack.ts";

// The real Worker and the real backend, with a bundle that draws transparency.

const stack = useTinyStack(tinyAlphaDirectory);
const authorization = () => ({ authorization: `Bearer ${stack().apiKey}` });

async function post(path: string, body: object): Promise<ImagesResponse> {
  const headers = { ...authorization(), "content-type": "application/json" };
  const answer = await fetch(`${stack().url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return (await answer.json()) as ImagesResponse;
}

const generate = (fields: object) => post("/v1/images/generations", { prompt: "apple", seed: 5, ...fields });

/** The picture's format and channels, and whether each of its pixels is opaque. */
async function seen(file: Uint8Array) {
  const { format, channels } = await sharp(file).metadata();
  return `${format} ${channels} ${(await sharp(file).stats()).isOpaque ? "opaque" : "transparent"}`;
}

const first = ({ data }: ImagesResponse) => data[0] as { b64_json: string; url: string; latent_id: string };

const seenIn = (answer: ImagesResponse) => seen(Buffer.from(first(answer).b64_json, "base64"));

test(
  "a picture is transparent where its format can be, and lies on white or the wanted colour where that is asked for",
  async () => {
    for (const [fields, background, want] of [
      [{}, "transparent", "png 4 transparent"],
      [{ background: "auto", output_format: "webp" }, "transparent", "webp 4 transparent"],
      [{ background: "transparent" }, "transparent", "png 4 transparent"],
      [{ background: "opaque" }, "opaque", "png 3 opaque"],
      [{ background: "#0A141E" }, "opaque", "png 3 opaque"],
      [{ output_format: "jpeg" }, "opaque", "jpeg 3 opaque"],
    ] as const) {
      const answer = await generate(fields);
      expect([fields, answer.background, await seenIn(answer)]).toEqual([fields, background, want]);
      expect(answer.warnings).toEqual([]);
    }
  },
  startMsMax,
);

test("each background is a picture of its own: at the edge, behind its link, and decoded from the latent", async () => {
  const { url, latent_id } = first(await generate({ background: "#0a141e", response_format: "url" }));
  const linked = await fetch(url);
  expect([linked.status, await seen(await linked.bytes())]).toEqual([200, "png 3 opaque"]);
  expect((await fetch(url.replace("0a141e", "ffffff"))).status).toBe(403);

  const again = `/v1/latents/${latent_id}/decode`;
  expect(await seenIn(await post(again, {}))).toBe("png 4 transparent");
  expect(await seenIn(await post(again, { background: "opaque" }))).toBe("png 3 opaque");
});

test("an edit keeps the transparency of the picture that came in", async () => {
  const form = new FormData();
  const clear = {
    create: { width: 64, height: 64, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
  } as const;
  const picture = await sharp(clear).png().toBuffer();
  form.set("image", new File([Uint8Array.from(picture)], "clear.png", { type: "image/png" }));
  for (const [name, value] of Object.entries({ prompt: "apple", strength: "0", seed: "1" })) form.set(name, value);
  const init = { method: "POST", headers: authorization(), body: form };
  const answer = (await (await fetch(`${stack().url}/v1/images/edits`, init)).json()) as ImagesResponse;
  expect(await seenIn(answer)).toBe("png 4 transparent");
});

test("a stream's events and the list of models tell of it, and a format without alpha is refused by name", async () => {
  const headers = { ...authorization(), "content-type": "application/json" };
  const send = (body: object) =>
    fetch(`${stack().url}/v1/images/generations`, { method: "POST", headers, body: JSON.stringify(body) });
  const events = await (await send({ prompt: "apple", seed: 9, stream: true, partial_images: 1 })).text();
  expect(events).toMatch(/image_generation\.completed.*"background":"transparent"/su);
  const model = (await (await fetch(`${stack().url}/v1/models/tiny-alpha`)).json()) as ModelItem;
  expect(model.backgrounds).toEqual(["opaque", "transparent"]);
  const refused = await send({ prompt: "apple", background: "transparent", output_format: "jpeg" });
  expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "background" } }]);
});
