import sharp from "sharp";
import { expect, test } from "vitest";
import { drawPicture, pictureRows, protocolOf } from "../../../scripts/cli/terminal-picture.ts";
import { showProgress } from "../../../scripts/progress.ts";

const esc = "\u001b";

/** Red above, blue below. */
const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: "#ff0000" } })
  .composite([{ input: { create: { width: 8, height: 4, channels: 3, background: "#0000ff" } }, top: 4, left: 0 }])
  .png()
  .toBuffer();

const terminal = (bits: number) => ({ isTTY: true, getColorDepth: () => bits });

test("a terminal shows pictures by what it supports; a pipe, and a terminal without colours, show none", () => {
  expect(protocolOf({ isTTY: false }, {})).toBeUndefined();
  expect(protocolOf(terminal(24), { TMUX: "/tmp/tmux" })).toBe("half-blocks-16m");
  expect(protocolOf(terminal(8), { TMUX: "/tmp/tmux" })).toBe("half-blocks-256");
  expect(protocolOf(terminal(4), { TMUX: "/tmp/tmux" })).toBeUndefined();
});

test("half blocks hold two pixels each: the upper one in front, the lower one behind", async () => {
  const text = await drawPicture(picture, { protocol: "half-blocks-16m", rows: 2, isAgain: false });
  const lines = text.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]?.split("▀")[0]).toContain(`${esc}[38;2;2`);
  expect(lines.slice(0, 2).map((line) => line.split("▀").length)).toEqual([5, 5]);
  expect(lines[1]?.split("▀")[2]).toContain(`${esc}[48;2;0;0;255m`);
  const again = await drawPicture(picture, { protocol: "half-blocks-256", rows: 2, isAgain: true });
  expect(again.startsWith(`${esc}[2A\r`)).toBe(true);
  expect(again).toContain(`${esc}[48;5;21m`);
});

test("iTerm2 and kitty get the picture as PNG, whole, at the place of the last one", async () => {
  const webp = await sharp(picture).webp({ lossless: true }).toBuffer();
  const iterm = await drawPicture(webp, { protocol: "iterm2", rows: 4, isAgain: false });
  const [, base64 = ""] = /\]1337;File=inline=1;height=4;preserveAspectRatio=1:([\w+/=]*)/u.exec(iterm) ?? [];
  expect((await sharp(Buffer.from(base64, "base64")).metadata()).format).toBe("png");
  const noise = await sharp({
    create: {
      width: 64,
      height: 64,
      channels: 3,
      background: "black",
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  })
    .png()
    .toBuffer();
  const kitty = await drawPicture(noise, { protocol: "kitty", rows: 4, isAgain: false });
  const chunks = [...kitty.matchAll(/_G([^;]*);([\w+/=]*)/gu)];
  expect(chunks.length).toBeGreaterThan(1);
  expect(chunks.every(([, , data = ""]) => data.length <= 4_096)).toBe(true);
  expect(chunks.map(([, control = ""]) => control.slice(-3))).toEqual([...chunks.slice(1).map(() => "m=1"), "m=0"]);
  const file = Buffer.from(chunks.map(([, , data]) => data).join(""), "base64");
  expect(await sharp(file).metadata()).toMatchObject({ format: "png", width: 64 });
});

test("a picture leaves room for the bar in a low window", () => {
  expect(pictureRows({ rows: 10 })).toBe(8);
  expect(pictureRows({ rows: 100 })).toBe(16);
  expect(pictureRows({ rows: 1 })).toBe(1);
});

test("progress is one plain line in a pipe, and a bar of steps on a terminal that `done` clears", () => {
  const written = (isTTY: boolean) => {
    let text = "";
    const write = (part: string) => {
      text += part;
    };
    const progress = showProgress("Making", { isTTY, write });
    progress.step({ step: 3, steps: 12 });
    progress.above("picture\n");
    progress.done();
    return text;
  };
  expect(written(false)).toBe("Making …\n");
  expect(written(true)).toContain("picture\n\rMaking [======                  ] step 3 of 12");
  expect(written(true).endsWith(`\r${esc}[K`)).toBe(true);
});
