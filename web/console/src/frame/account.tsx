// Who is signed in, and the way out.

import { Menu, Text, UnstyledButton } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { useNavigate } from "react-router";
import type { SessionState } from "../session/session.ts";
import { useSession } from "../session/session-provider.tsx";
import { troubleOf } from "../session/trouble.ts";
import { Icon } from "../ui/icons.tsx";
import classes from "./frame.module.css";

export function Account({ state }: { state: SessionState }): ReactElement | null {
  const session = useSession();
  const navigate = useNavigate();
  const [refusal, setRefusal] = useState<string | null>(null);
  if (state.status !== "signed-in") return null;
  const { name, email, role } = state.user;
  const signOut = async (): Promise<void> => {
    try {
      await session.signOut();
      await navigate("/sign-in");
    } catch (error) {
      const { sentence, fix } = troubleOf(error);
      setRefusal(`${sentence} ${fix}`);
    }
  };
  return (
    <Menu
      position="bottom-end"
      width={240}
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <UnstyledButton
          className={`${classes["tool"]} ${classes["account"]}`}
          aria-label={`Account of ${name}`}
        >
          <Icon name="person" />
          <span className={classes["name"]}>{name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} c="var(--mantine-color-text)">
            {name}
          </Text>
          <Text size="sm">{email}</Text>
          <Text size="sm">{role}</Text>
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item closeMenuOnClick={false} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
        {refusal && (
          <Text role="alert" size="sm" c="var(--mantine-color-error)" px="sm" pb="xs">
            {refusal}
          </Text>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
