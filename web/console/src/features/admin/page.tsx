// What admins look after: accounts, what can be ordered and booked, the bot, the configuration.

import type { ReactElement } from "react";
import { useNavigate, useParams } from "react-router";
import { Page } from "../../ui/page.tsx";
import { Tabs } from "../../ui/tabs.tsx";
import look from "./admin.module.css";
import { Accounts } from "./accounts/accounts.tsx";
import { Bot } from "./bot/bot.tsx";
import { Items } from "./catalog/items.tsx";
import { Resources } from "./catalog/resources.tsx";
import { Configuration } from "./configuration.tsx";

const PARTS = [
  { value: "accounts", label: "Accounts" },
  { value: "items", label: "Items" },
  { value: "resources", label: "Resources" },
  { value: "bot", label: "Bot" },
  { value: "configuration", label: "Configuration" },
] as const;

type Part = (typeof PARTS)[number]["value"];

export function AdminPage(): ReactElement {
  const navigate = useNavigate();
  const path = useParams()["*"] ?? "";
  const part = PARTS.find(({ value }) => value === path)?.value ?? "accounts";
  return (
    <Page title="Admin">
      <div className={look["parts"]}>
        <Tabs<Part>
          label="Parts of the admin page"
          tabs={PARTS}
          value={part}
          onChange={(next) => void navigate(`/admin/${next}`)}
        />
      </div>
      {part === "accounts" && <Accounts />}
      {part === "items" && <Items />}
      {part === "resources" && <Resources />}
      {part === "bot" && <Bot />}
      {part === "configuration" && <Configuration />}
    </Page>
  );
}
