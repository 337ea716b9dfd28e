// Gives a chat to somebody else: a person of the desk, the bot, or whoever comes first.

import type { Chat } from "@frontdesk/client";
import { Button, Menu, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { useUser } from "../../../session/signed-in.tsx";
import { troubleOf } from "../../../session/trouble.ts";
import { useServerStatus } from "../../../session/use-server-status.ts";
import { people } from "../people.ts";
import type { ChangeChat } from "./queries.ts";

interface AssignMenuProps {
  chat: Chat;
  onChange: (change: ChangeChat, what: string) => Promise<void>;
}

/** More are found by scrolling. */
const MENU_MAX_HEIGHT = 320;

export function AssignMenu({ chat, onChange }: AssignMenuProps): ReactElement {
  const { rest } = useSession();
  const me = useUser().id;
  const bot = useServerStatus().data?.bot === "ok";
  const [opened, setOpened] = useState(false);
  const found = useQuery({
    queryKey: ["desk", "people"],
    queryFn: ({ signal }) => people(rest, signal),
    enabled: opened,
  });
  const colleagues = found.data?.filter(({ role }) => role !== "customer");
  const { kind, user } = chat.handler;
  return (
    <Menu opened={opened} onChange={setOpened} position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default">
          Assign
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={MENU_MAX_HEIGHT} style={{ overflowY: "auto" }}>
        {bot && kind !== "bot" && (
          <Menu.Item onClick={() => void onChange({ handler: { kind: "bot" } }, "Handing back")}>
            Hand back to the bot
          </Menu.Item>
        )}
        {kind !== "none" && (
          <Menu.Item onClick={() => void onChange({ handler: { kind: "none" } }, "Giving it back")}>
            Let anyone at the desk take it
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Label>People of the desk</Menu.Label>
        {found.isPending && (
          <Text size="sm" c="dimmed" px="sm" py={4}>
            Looking for them …
          </Text>
        )}
        {found.error !== null && (
          <Text size="sm" c="var(--mantine-color-error)" px="sm" py={4} role="alert">
            {troubleOf(found.error).sentence}
          </Text>
        )}
        {colleagues?.map(({ id, name }) => (
          <Menu.Item
            key={id}
            disabled={user?.id === id}
            onClick={() =>
              void onChange({ handler: { kind: "staff", user_id: id } }, `Giving it to ${name}`)
            }
          >
            {name}
            {id === me && " (you)"}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
