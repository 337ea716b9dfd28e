// What a notification is made of, and what became of it.

import type { Role } from "@frontdesk/client";
import type { RestClient } from "@frontdesk/client/rest";
import { found } from "./found.ts";

export interface Notice {
  to: Role | "one";
  userId: string | null;
  title: string;
  body: string;
  link: string;
}

export const emptyNotice: Notice = { to: "customer", userId: null, title: "", body: "", link: "" };

export const ROLES: { value: Role; label: string }[] = [
  { value: "customer", label: "Customers" },
  { value: "staff", label: "Staff" },
  { value: "admin", label: "Admins" },
];

/** Sends it, and gives to how many accounts it goes. */
export async function sendNotice(rest: RestClient, notice: Notice): Promise<number> {
  const { to, userId, title, body, link } = notice;
  const whom = to === "one" ? { user_id: userId } : { role: to };
  const { data } = await rest.POST("/api/v1/notifications", {
    body: {
      ...whom,
      kind: "message",
      title,
      body,
      ...(link.trim() !== "" && { link: link.trim() }),
    },
  });
  const answer = found(data);
  return "recipients" in answer ? answer.recipients : 1;
}

export function sentWords({ to }: Notice, recipients: number, name = "one person"): string {
  if (to === "one") return `Sent to ${name}.`;
  const role = ROLES.find(({ value }) => value === to)?.label.toLowerCase() ?? to;
  if (recipients === 0) return `Nobody got it: there are no ${role}.`;
  return `On its way to ${recipients} ${recipients === 1 ? "account" : "accounts"} of the role ${to}.`;
}
