import { describe, expect, test } from "vitest";
import { chooseModerator } from "../../../workers/moderation/choose-moderator.ts";
import { createDenyList } from "../../../workers/moderation/deny-list.ts";
import { createLlamaGuard } from "../../../workers/moderation/llama-guard.ts";
import { allowAll, type Moderator } from "../../../workers/moderation/moderator.ts";

async function verdictOf(moderator: Moderator, prompt: string): Promise<string> {
  const checked = await moderator.check(prompt);
  return checked.ok ? "ok" : checked.error.code;
}

const refused = "content_policy_violation";

describe("a deny list", () => {
  const list = createDenyList("ass, Bad Word\n血まみれ\n\nc++,");

  test.each([
    "an ass",
    "ASS!",
    "a bad\n\tWORD here",
    "ｂａｄ ｗｏｒｄ",
    "b\u200bad wo\u00adrd",
    "犬が血まみれになる",
    "love c++",
  ])("refuses %j", async (prompt) => {
    expect(await verdictOf(list, prompt)).toBe(refused);
  });

  test.each(["grass", "classes of asses", "bad words", "badword", "c", "", "血"])("lets %j pass", async (prompt) => {
    expect(await verdictOf(list, prompt)).toBe("ok");
  });

  test("of no terms refuses nothing", async () => {
    expect(await verdictOf(createDenyList(" ,\n"), "anything")).toBe("ok");
  });
});

describe("Llama Guard", () => {
  const saying = (response: unknown) => createLlamaGuard({ run: () => Promise.resolve({ response }) });

  test.each([
    ["safe", "ok"],
    ["\n\nsafe", "ok"],
    [{ safe: true }, "ok"],
    ["unsafe\nS1", refused],
    ["\nUnsafe\nS12", refused],
    [{ safe: false, categories: ["S1"] }, refused],
    ["", "moderation_unavailable"],
    ["I think so", "moderation_unavailable"],
    [{}, "moderation_unavailable"],
    [undefined, "moderation_unavailable"],
  ])("that says %j means %s", async (response, verdict) => {
    expect(await verdictOf(saying(response), "apple")).toBe(verdict);
  });

  test("is asked about the prompt, and when it cannot be asked, nothing passes", async () => {
    const asked: unknown[] = [];
    const guard = createLlamaGuard({
      run(...call) {
        asked.push(call);
        return Promise.reject(new TypeError("away"));
      },
    });
    expect(await verdictOf(guard, "red apple")).toBe("moderation_unavailable");
    expect(asked).toEqual([["@cf/meta/llama-guard-3-8b", { messages: [{ role: "user", content: "red apple" }] }]]);
  });
});

test("a moderator that lacks what it needs is not replaced by one that lets everything pass", () => {
  expect(chooseModerator({ MODERATION: "off" })).toBe(allowAll);
  expect(() => chooseModerator({ MODERATION: "deny-list" })).toThrow("MODERATION_DENY_LIST");
  expect(() => chooseModerator({ MODERATION: "llama-guard" })).toThrow("AI");
});
