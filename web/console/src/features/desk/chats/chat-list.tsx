// The chats of one folder, the one used last first. Only those in sight are drawn.

import type { Chat } from "@frontdesk/client";
import { Group, Text, VisuallyHidden } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type NamedExoticComponent, type ReactElement, useRef } from "react";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { Empty } from "../../../ui/states.tsx";
import look from "../desk.module.css";
import { freshMark } from "../fresh.ts";
import { FOLDERS, type Folder, glimpse } from "./inbox.ts";

interface ChatListProps {
  folders: Record<Folder, Chat[]>;
  folder: Folder;
  onFolder: (folder: Folder) => void;
  open: string | null;
  onOpen: (id: string) => void;
  touched: ReadonlyMap<string, number>;
  online: ReadonlySet<string>;
}

const ROW_HEIGHT = 68;

export function ChatList({
  folders,
  folder,
  onFolder,
  open,
  onOpen,
  touched,
  online,
}: ChatListProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  const chats = folders[folder];
  const words = FOLDERS.find((one) => one.folder === folder);
  const virtual = useVirtualizer({
    count: chats.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => chats[index]?.id ?? index,
    overscan: 6,
  });
  return (
    <nav className={look["chats"]} aria-label="Chats">
      <fieldset className={look["folders"]} aria-label="Folder">
        {FOLDERS.map(({ folder: one, label }) => (
          <button
            key={one}
            type="button"
            className={look["folder"]}
            aria-pressed={one === folder}
            onClick={() => onFolder(one)}
          >
            {label}
            <FolderCount chats={folders[one]} folder={one} />
          </button>
        ))}
      </fieldset>
      <div ref={scroller} className={look["scroll"]}>
        {chats.length === 0 && <Empty title={words?.empty ?? ""} />}
        <div className={look["virtual"]} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, key, start }) => {
            const chat = chats[index];
            return (
              chat !== undefined && (
                <div
                  key={key}
                  data-index={index}
                  ref={virtual.measureElement}
                  className={look["row"]}
                  style={{ transform: `translateY(${start}px)` }}
                >
                  <ChatRow
                    chat={chat}
                    isOpen={chat.id === open}
                    online={online.has(chat.customer.id)}
                    touchedAt={touched.get(chat.id)}
                    onOpen={onOpen}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
    </nav>
  );
}

/** How many chats wait, or how many messages are unread. */
function FolderCount({ chats, folder }: { chats: Chat[]; folder: Folder }): ReactElement | null {
  const count =
    folder === "waiting"
      ? chats.length
      : folder === "mine"
        ? chats.reduce((sum, { unread = 0 }) => sum + unread, 0)
        : 0;
  if (count === 0) return null;
  return <Count of={count} words={folder === "waiting" ? "waiting" : "unread"} />;
}

function Count({ of, words }: { of: number; words: string }): ReactElement {
  return (
    <span className={look["count"]}>
      {of > 99 ? "99+" : of}
      <VisuallyHidden> {words}</VisuallyHidden>
    </span>
  );
}

interface ChatRowProps {
  chat: Chat;
  isOpen: boolean;
  online: boolean;
  touchedAt: number | undefined;
  onOpen: (id: string) => void;
}

const ChatRow: NamedExoticComponent<ChatRowProps> = memo(function ChatRow({
  chat,
  isOpen,
  online,
  touchedAt,
  onOpen,
}: ChatRowProps): ReactElement {
  const { last_message: last, unread = 0 } = chat;
  return (
    <button
      type="button"
      className={look["chat"]}
      aria-current={isOpen || undefined}
      data-fresh={isOpen ? undefined : freshMark(touchedAt, Date.parse(chat.updated_at))}
      onClick={() => onOpen(chat.id)}
    >
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Group gap={8} wrap="nowrap" miw={0}>
          <Online online={online} />
          <Text span fw={unread > 0 ? 700 : 550} truncate>
            {chat.customer.name}
          </Text>
        </Group>
        <Text span size="sm" c="dimmed" className={look["nowrap"] ?? ""}>
          <RelativeTime at={chat.updated_at} />
        </Text>
      </Group>
      <Group gap={8} wrap="nowrap" justify="space-between">
        <Text span size="sm" c="dimmed" truncate>
          {last !== null && last.sender.kind !== "customer" && last.sender.kind !== "system"
            ? `${last.sender.name}: `
            : ""}
          {glimpse(last)}
        </Text>
        {unread > 0 && <Count of={unread} words="unread" />}
      </Group>
    </button>
  );
});

export function Online({ online }: { online: boolean }): ReactElement {
  return (
    <span className={look["online"]} data-online={online || undefined}>
      <VisuallyHidden>{online ? "online" : "offline"}</VisuallyHidden>
    </span>
  );
}
