import { describe, expect, test } from "vitest";
import { createEventOutbox } from "../../../shared/wire/event-outbox.ts";
import { createEventReader, formatComment, formatEvent } from "../../../shared/wire/event-stream.ts";

describe("an event stream", () => {
  const text = `${formatComment("waiting")}${formatEvent("progress", { step: 1 })}${formatEvent("end", "line\nline")}`;
  const events = [
    { event: "progress", data: '{"step":1}' },
    { event: "end", data: '"line\\nline"' },
  ];

  test("is read as it was written, wherever it is cut, and comments are skipped", () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const reader = createEventReader();
      expect([...reader.push(text.slice(0, cut)), ...reader.push(text.slice(cut))]).toEqual(events);
    }
  });

  test("that breaks off gives no half event", () => {
    expect(createEventReader().push(text.slice(0, -1))).toEqual(events.slice(0, 1));
  });
});

describe("an outbox", () => {
  test("gives a slow reader the newest of each slot, in the order in which they came, and then the end", async () => {
    const outbox = createEventOutbox();
    for (const step of [1, 2, 3]) {
      outbox.put("progress", `p${step} `);
      outbox.put(`preview ${step % 2}`, `v${step} `);
    }
    outbox.end("end");
    outbox.put("progress", "too late");
    expect(await outbox.take()).toBe("v2 p3 v3 end");
    expect(await outbox.take()).toBeUndefined();
  });

  test("wakes a reader that waits", async () => {
    const outbox = createEventOutbox();
    const taking = outbox.take();
    outbox.put("a", "first");
    expect(await taking).toBe("first");
    const ending = outbox.take();
    outbox.end("last");
    expect([await ending, await outbox.take()]).toEqual(["last", undefined]);
  });
});
