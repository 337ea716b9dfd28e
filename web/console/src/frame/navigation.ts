// Which pages are offered to whom.

import type { SessionState } from "../session/session.ts";

export interface Place {
  to: string;
  label: string;
}

const customer: Place = { to: "/customer", label: "Customer" };
const desk: Place = { to: "/desk", label: "Desk" };
const connections: Place = { to: "/connections", label: "Connections" };
const lab: Place = { to: "/lab", label: "Lab" };
const why: Place = { to: "/why", label: "Why" };
const admin: Place = { to: "/admin", label: "Admin" };
const split: Place = { to: "/split", label: "Split" };
const signIn: Place = { to: "/sign-in", label: "Sign in" };

export function placesFor(state: SessionState, demo: boolean): Place[] {
  const own = state.status === "signed-in" ? ofRole(state.user.role) : [why, signIn];
  return demo ? [...own, split] : own;
}

/** Where somebody begins. */
export function homeOf(role: string): string {
  return role === "customer" ? customer.to : desk.to;
}

/** A page of ours from `?next=`, and never another site's. */
export function nextPath(search: string): string | null {
  const next = new URLSearchParams(search).get("next");
  // `//host` and `/\host` are addresses of other sites to a browser.
  return next !== null && /^\/(?![/\\])/.test(next) ? next : null;
}

function ofRole(role: string): Place[] {
  if (role === "customer") return [customer];
  const staff = [desk, connections, lab, why];
  return role === "admin" ? [...staff, admin] : staff;
}
