// Notifications behind a bell: how many are unread, and reading them.

import { useNotifications } from "@frontdesk/react";
import { Button, Group, Popover, Text, UnstyledButton } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { type Trouble, troubleOf } from "../../../session/trouble.ts";
import { Icon } from "../../../ui/icons.tsx";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import classes from "./bell.module.css";

export function Bell({ onGo }: { onGo: (link: string) => void }): ReactElement {
  const { items, loading, error, hasMore, unread, markRead, markAllRead, loadMore, reload } =
    useNotifications();
  const [opened, setOpened] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const attempt = async (action: () => Promise<void>): Promise<void> => {
    setTrouble(null);
    try {
      await action();
    } catch (thrown) {
      setTrouble(troubleOf(thrown));
    }
  };
  // Only those that are loaded are counted.
  const count = `${unread}${hasMore && unread === items.length ? "+" : ""}`;

  return (
    <Popover
      opened={opened}
      onChange={setOpened}
      position="bottom-end"
      width={360}
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <UnstyledButton
          className={classes["bell"]}
          aria-label={unread === 0 ? "Notifications" : `Notifications, ${count} unread`}
          onClick={() => setOpened(!opened)}
        >
          <Icon name="bell" size={22} />
          {unread > 0 && (
            <span className={classes["count"]} aria-hidden="true">
              {count}
            </span>
          )}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={0} aria-label="Notifications">
        <Group justify="space-between" px="md" py="sm">
          <Text fw={600}>Notifications</Text>
          <Button
            size="compact-sm"
            variant="subtle"
            disabled={unread === 0}
            onClick={() => void attempt(markAllRead)}
          >
            Read all
          </Button>
        </Group>
        {trouble && <TroubleNotice {...trouble} onClose={() => setTrouble(null)} />}
        {error && items.length === 0 ? (
          <TroubleNotice {...troubleOf(error)} onRetry={() => void reload()} />
        ) : loading && items.length === 0 ? (
          <Loading what="your notifications" />
        ) : items.length === 0 ? (
          <Empty title="Nothing yet">What concerns you is told here as it happens.</Empty>
        ) : (
          // A scrolled list must be reachable by keyboard; its buttons are.
          <ul className={classes["list"]}>
            {items.map(({ id, title, body, link, read_at, created_at }) => (
              <li key={id}>
                <button
                  type="button"
                  className={classes["item"]}
                  data-unread={read_at === null}
                  onClick={() => {
                    if (read_at === null) void attempt(() => markRead(id));
                    if (link) {
                      setOpened(false);
                      onGo(link);
                    }
                  }}
                >
                  <span className={classes["title"]}>
                    {title}
                    {read_at === null && <span className={classes["dot"]}>unread</span>}
                  </span>
                  <span className={classes["text"]}>{body}</span>
                  <Text span size="xs" c="dimmed">
                    <RelativeTime at={created_at} />
                  </Text>
                </button>
              </li>
            ))}
            {hasMore && (
              <li>
                <Button fullWidth variant="subtle" onClick={() => void loadMore()}>
                  Earlier ones
                </Button>
              </li>
            )}
          </ul>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
