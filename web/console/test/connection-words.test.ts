import type { ConnectionState } from "@frontdesk/client";
import { expect, it } from "vitest";
import { connectionWords } from "../src/session/connection-words.ts";

const connected: ConnectionState = {
  status: "connected",
  connectionId: "c",
  user: { id: "u", name: "Ana", role: "customer" },
  since: 0,
};
const diagnosis = {
  id: "net.refused" as const,
  confidence: "certain" as const,
  sentence: "nothing listens at desk.example.org:443",
  fix: "start the server",
  evidence: {},
};

it("says live, and for a moment how much came late", () => {
  expect(connectionWords(connected, 0, null).text).toBe("Live");
  expect(connectionWords(connected, 0, 4).text).toBe("Back: 4 missed events caught up");
  expect(connectionWords(connected, 0, 1).text).toBe("Back: 1 missed event caught up");
  expect(connectionWords(connected, 0, 0).text).toBe("Back: nothing was missed");
});

it("counts the seconds to the next try, and reads out a text without them", () => {
  const waiting: ConnectionState = {
    status: "waiting",
    attempt: 1,
    retryAt: 2_500,
    close: null,
    diagnosis,
  };
  expect(connectionWords(waiting, 0, null)).toEqual({
    tone: "warn",
    text: "Reconnecting in 3 s: Nothing listens at desk.example.org:443.",
    spoken: "Reconnecting: Nothing listens at desk.example.org:443.",
    hint: "Start the server.",
    remedy: "connect",
  });
});

it("tells an ended session from another end", () => {
  const ended = (code: number, detail: string): ConnectionState => ({
    status: "closed",
    reason: "terminal",
    close: { code, reason: "", wasClean: true, detail, fix: null },
    diagnosis: null,
  });
  expect(connectionWords(ended(4505, "the session was ended"), 0, null)).toMatchObject({
    text: "Signed out elsewhere",
    remedy: "sign-in",
  });
  expect(connectionWords(ended(4506, "the account is disabled"), 0, null)).toMatchObject({
    text: "Not connected: The account is disabled.",
    remedy: "connect",
  });
});
