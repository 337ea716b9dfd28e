import { expect, it } from "vitest";
import { tokenIn } from "../src/features/setup/token.ts";
import { homeOf, nextPath, placesFor } from "../src/frame/navigation.ts";
import type { SessionState } from "../src/session/session.ts";

it("leads back to pages of this site alone", () => {
  expect(nextPath("?next=%2Fdesk%3Fa%3D1")).toBe("/desk?a=1");
  for (const elsewhere of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:1",
    "",
  ]) {
    expect(nextPath(`?next=${encodeURIComponent(elsewhere)}`)).toBeNull();
  }
});

it("offers to each role what it may see, and the split view in the demo alone", () => {
  const labels = (state: SessionState, demo = false): string[] =>
    placesFor(state, demo).map(({ label }) => label);
  const as = (role: "customer" | "staff" | "admin"): SessionState =>
    ({ status: "signed-in", user: { role }, client: {} }) as unknown as SessionState;
  expect(labels(as("customer"))).toEqual(["Customer"]);
  expect(labels(as("staff"))).toEqual(["Desk", "Connections", "Lab", "Why"]);
  expect(labels(as("admin"), true)).toEqual([
    "Desk",
    "Connections",
    "Lab",
    "Why",
    "Admin",
    "Split",
  ]);
  expect(labels({ status: "signed-out", why: "unknown" })).toEqual(["Why", "Sign in"]);
  expect(homeOf("customer")).toBe("/customer");
});

it("finds the set-up token behind the #", () => {
  expect(tokenIn("#token=a.b-c")).toBe("a.b-c");
  expect(tokenIn("#token=")).toBeNull();
  expect(tokenIn("")).toBeNull();
});
