// One account: its name, its role, whether it may sign in, and where it is signed in.

import { Button, Drawer, Group, Select, Stack, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { useUser } from "../../../session/signed-in.tsx";
import { troubleOf } from "../../../session/trouble.ts";
import { Confirm } from "../../../ui/confirm.tsx";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { StatusBadge } from "../../../ui/status-badge.tsx";
import look from "../admin.module.css";
import { TaskTrouble } from "../task-trouble.tsx";
import { useTask } from "../use-task.ts";
import {
  accountsKey,
  changeUser,
  endSession,
  type OneSession,
  sessionsKey,
  type User,
  useSessionsOf,
} from "./queries.ts";
import { ROLES } from "./roles.ts";

export function Account({ user, onClose }: { user: User; onClose: () => void }): ReactElement {
  const { rest } = useSession();
  const queries = useQueryClient();
  const isMe = useUser().id === user.id;
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState(user.role);
  const [asking, setAsking] = useState(false);
  const [saved, setSaved] = useState("");
  const task = useTask();
  const changed = name !== user.name || role !== user.role;

  const change = async (part: Parameters<typeof changeUser>[2]): Promise<void> => {
    await changeUser(rest, user.id, part);
    await Promise.all([
      queries.invalidateQueries({ queryKey: accountsKey }),
      queries.invalidateQueries({ queryKey: sessionsKey(user.id) }),
    ]);
  };
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setSaved("");
    const part = {
      ...(name !== user.name && { name }),
      ...(role !== user.role && { role }),
    };
    if (await task.run(() => change(part))) setSaved("Saved.");
  };

  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={user.name}
      closeButtonProps={{ "aria-label": "Close the account" }}
      styles={{ title: { fontWeight: 650 } }}
    >
      <Stack gap="xl">
        <Text c="dimmed" size="sm">
          {user.email}
          {isMe && ", this is you"}
        </Text>
        <form onSubmit={(event) => void save(event)}>
          <Stack gap="md">
            <TextInput
              label="Name"
              required
              maxLength={100}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              {...task.wrong("name")}
            />
            <Select
              label="Role"
              description="With another role, the sockets of the account are closed and come back."
              allowDeselect={false}
              data={ROLES}
              value={role}
              onChange={(next) => next !== null && setRole(next as User["role"])}
              {...task.wrong("role")}
            />
            <TaskTrouble task={task} shown={["name", "role"]} />
            <Group justify="space-between">
              <Group gap="sm">
                <Button type="submit" loading={task.busy} disabled={!changed}>
                  Save
                </Button>
                <Text role="status" size="sm" c="var(--fd-good-text)">
                  {saved}
                </Text>
              </Group>
              <Button
                variant="default"
                onClick={() =>
                  user.disabled ? void task.run(() => change({ disabled: false })) : setAsking(true)
                }
              >
                {user.disabled ? "Enable the account" : "Disable the account"}
              </Button>
            </Group>
          </Stack>
        </form>
        <Sessions user={user} />
      </Stack>
      <Confirm
        opened={asking}
        title={`Disable ${user.name}?`}
        action="Disable the account"
        danger
        describe={troubleOf}
        onConfirm={() => change({ disabled: true })}
        onClose={() => setAsking(false)}
      >
        Every session and socket of the account ends, and it cannot sign in until it is enabled
        again.
      </Confirm>
    </Drawer>
  );
}

function Sessions({ user }: { user: User }): ReactElement {
  const { rest } = useSession();
  const queries = useQueryClient();
  const { data, error, isPending, refetch } = useSessionsOf(user.id);
  const [doubtful, setDoubtful] = useState<OneSession | null>(null);
  const end = async (session: OneSession): Promise<void> => {
    await endSession(rest, user.id, session.id);
    await queries.invalidateQueries({ queryKey: sessionsKey(user.id) });
  };
  return (
    <section aria-label="Sessions">
      <Title order={3} mb="xs">
        Signed in
      </Title>
      {isPending && <Loading what="the sessions" />}
      {error !== null && <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />}
      {data?.length === 0 && <Empty title="This account is signed in nowhere" />}
      <ul className={look["sessions"]}>
        {data?.map((session) => (
          <li key={session.id}>
            <div>
              <Text size="sm" lineClamp={2}>
                {session.user_agent || "A program that does not say what it is"}
              </Text>
              <Text size="sm" c="dimmed">
                since <RelativeTime at={session.created_at} />, last seen{" "}
                <RelativeTime at={session.last_seen_at} />{" "}
                {session.current && <StatusBadge tone="accent">this page</StatusBadge>}
              </Text>
            </div>
            <Button size="compact-sm" variant="default" onClick={() => setDoubtful(session)}>
              End the session
            </Button>
          </li>
        ))}
      </ul>
      <Confirm
        opened={doubtful !== null}
        title="End this session?"
        action="End the session"
        danger
        describe={troubleOf}
        onConfirm={() => (doubtful === null ? undefined : end(doubtful))}
        onClose={() => setDoubtful(null)}
      >
        {doubtful?.current
          ? "It is the session of this page: you will have to sign in again."
          : `${user.name} is signed out there at once, and the sockets are closed.`}
      </Confirm>
    </section>
  );
}
