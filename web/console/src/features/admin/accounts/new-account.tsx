// Makes an account.

import { Button, Group, Modal, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { TaskTrouble } from "../task-trouble.tsx";
import { useTask } from "../use-task.ts";
import { accountsKey, createUser, type NewUser } from "./queries.ts";
import { ROLES } from "./roles.ts";

const empty: NewUser = { email: "", name: "", password: "", role: "staff" };

const FIELDS = ["email", "name", "password", "role"] as const;

export function NewAccount({
  opened,
  onClose,
}: {
  opened: boolean;
  onClose: () => void;
}): ReactElement {
  const { rest } = useSession();
  const queries = useQueryClient();
  const [user, setUser] = useState(empty);
  const task = useTask();
  const change = (part: Partial<NewUser>): void => setUser((held) => ({ ...held, ...part }));
  const close = (): void => {
    setUser(empty);
    task.clear();
    onClose();
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const done = await task.run(async () => {
      await createUser(rest, user);
      await queries.invalidateQueries({ queryKey: accountsKey });
    });
    if (done) close();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title="New account"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
      styles={{ title: { fontWeight: 650 } }}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <TextInput
            label="Name"
            required
            maxLength={100}
            autoComplete="off"
            value={user.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
            {...task.wrong("name")}
          />
          <TextInput
            label="Address"
            type="email"
            required
            autoComplete="off"
            value={user.email}
            onChange={(event) => change({ email: event.currentTarget.value })}
            {...task.wrong("email")}
          />
          <PasswordInput
            label="Password"
            description="At least 8 characters. Tell it to the person, who can change it."
            required
            autoComplete="new-password"
            visibilityToggleButtonProps={{ "aria-label": "Show the password" }}
            value={user.password}
            onChange={(event) => change({ password: event.currentTarget.value })}
            {...task.wrong("password")}
          />
          <Select
            label="Role"
            allowDeselect={false}
            data={ROLES}
            value={user.role}
            onChange={(role) => role !== null && change({ role: role as NewUser["role"] })}
            {...task.wrong("role")}
          />
          <TaskTrouble task={task} shown={FIELDS} />
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={close}>
              Not now
            </Button>
            <Button type="submit" loading={task.busy}>
              Make the account
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
