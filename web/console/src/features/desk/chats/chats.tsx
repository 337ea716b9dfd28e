// The inbox: the chats in folders, and the one that is open beside them, or instead of them where
// there is little room.

import type { Chat } from "@frontdesk/client";
import { usePresence } from "@frontdesk/react";
import { Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type ReactElement, useCallback, useDeferredValue, useMemo, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { useUser } from "../../../session/signed-in.tsx";
import { Empty, Loading } from "../../../ui/states.tsx";
import look from "../desk.module.css";
import { ReadTrouble } from "../notice.tsx";
import type { Live } from "../use-live-table.ts";
import { ChatList } from "./chat-list.tsx";
import { FOLDERS, type Folder, foldersOf } from "./inbox.ts";
import { type ChangeChat, changeChat } from "./queries.ts";
import { Thread } from "./thread.tsx";

/** Pixels below which the list and the chat do not stand side by side. */
const WIDE = 640;

export function Chats({ live }: { live: Live<Chat> }): ReactElement {
  const { rest } = useSession();
  const me = useUser().id;
  // A flood of messages must not keep anyone from writing.
  const { table, rows, touched, loading, error } = useDeferredValue(live);
  const folders = useMemo(() => foldersOf(rows.values(), me), [rows, me]);
  const [folder, setFolder] = useState<Folder | null>(null);
  const [openId, setOpenId] = useState<string | null>(null);
  const { ref, width } = useElementSize();
  const online = useOnline();
  const open = openId === null ? undefined : rows.get(openId);
  // Who waits for a person comes first; after that, where there is something.
  const shown =
    folder ?? FOLDERS.find((one) => folders[one.folder].length > 0)?.folder ?? "waiting";

  const change = useCallback(
    async (chat: Chat, change: ChangeChat): Promise<void> => {
      await table.change(chat.id, {}, (held) => changeChat(rest, held, change));
    },
    [rest, table],
  );
  const seen = useCallback(
    (id: string): void => {
      const chat = table.get(id);
      if (chat !== undefined && (chat.unread ?? 0) > 0) table.take({ ...chat, unread: 0 });
    },
    [table],
  );

  if (loading) return <Loading what="the chats" />;
  const narrow = width > 0 && width < WIDE;
  return (
    <>
      {error !== null && <ReadTrouble error={error} onRetry={table.reload} />}
      <div ref={ref} className={`${look["inbox"]} ${narrow ? look["narrow"] : ""}`}>
        {(!narrow || open === undefined) && (
          <ChatList
            folders={folders}
            folder={shown}
            onFolder={setFolder}
            open={openId}
            onOpen={setOpenId}
            touched={touched}
            online={online}
          />
        )}
        {open !== undefined ? (
          <Thread
            key={open.id}
            chat={open}
            online={online.has(open.customer.id)}
            onChange={change}
            onSeen={seen}
            onBack={narrow ? () => setOpenId(null) : null}
          />
        ) : (
          !narrow && (
            <Empty title="No chat is open">
              <Text span size="sm">
                Choose one on the left. New messages appear by themselves.
              </Text>
            </Empty>
          )
        )}
      </div>
    </>
  );
}

/** The ids of everybody who has a socket open. */
function useOnline(): ReadonlySet<string> {
  const { items } = usePresence();
  return useMemo(() => new Set(items.map(({ user }) => user.id)), [items]);
}
