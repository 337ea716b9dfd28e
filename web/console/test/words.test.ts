import { expect, it } from "vitest";
import { handlerWords, receiptOf, typingWords } from "../src/features/customer/chat/words.ts";
import { money } from "../src/ui/money.ts";
import { relativeTime } from "../src/ui/relative-time.tsx";
import { statusWords } from "../src/ui/status-badge.tsx";

it("tells how far a message has come", () => {
  const sent = { delivery: "sent", error: null } as const;
  expect(
    receiptOf({ delivery: "sending", error: null }, { delivered: false, seen: false }).words,
  ).toBe("Sending …");
  expect(receiptOf(sent, { delivered: false, seen: false })).toEqual({ ticks: 1, words: "Sent" });
  expect(receiptOf(sent, { delivered: true, seen: false })).toEqual({
    ticks: 2,
    words: "Delivered",
  });
  expect(receiptOf(sent, { delivered: true, seen: true })).toEqual({ ticks: 2, words: "Seen" });
});

it("names who writes and who answers", () => {
  const [ana, ben, eva] = ["Ana", "Ben", "Eva"].map((name) => ({ id: name, name }));
  if (!ana || !ben || !eva) throw new Error("three people were made");
  expect(typingWords([])).toBe("");
  expect(typingWords([ana])).toBe("Ana is writing …");
  expect(typingWords([ana, ben, eva])).toBe("Ana, Ben and Eva are writing …");
  expect(handlerWords({ kind: "staff", user: ana }, false)).toBe("Ana answers you.");
  expect(handlerWords({ kind: "bot" }, true)).toMatch(/closed/);
});

it("shows minor units with as many digits as the currency has", () => {
  expect(money(1250, "EUR")).toMatch(/12[.,]50/);
  expect(money(1250, "JPY")).toMatch(/1\D?250/);
  expect(money(1250, "KWD")).toMatch(/1[.,]250/);
});

it("says times as people do", () => {
  expect(relativeTime(0, 20_000)).toBe("just now");
  expect(relativeTime(0, 180_000)).toBe("3 min. ago");
  expect(relativeTime(0, 26 * 3_600_000)).toBe("yesterday");
  expect(statusWords("no_show")).toBe("No show");
});
