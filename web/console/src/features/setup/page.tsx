// The first admin, made through the one-time link that the server prints at its first start.

import { Anchor, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, type ReactElement, useEffect, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { useSession } from "../../session/session-provider.tsx";
import { type Trouble, troubleOf } from "../../session/trouble.ts";
import { Card } from "../../ui/card.tsx";
import { Empty, TroubleNotice } from "../../ui/states.tsx";
import { tokenIn } from "./token.ts";

export function SetupPage(): ReactElement {
  const { hash, pathname } = useLocation();
  const navigate = useNavigate();
  const [token, setToken] = useState(() => tokenIn(hash));
  // It stays in this page's memory, and in no history, screenshot or copied link.
  useEffect(() => {
    if (hash === "") return;
    setToken((held) => tokenIn(hash) ?? held);
    void navigate(pathname, { replace: true });
  }, [hash, pathname, navigate]);
  useEffect(() => {
    document.title = "Set-up · Frontdesk";
  }, []);
  if (token === null) {
    return (
      <Card title="Set-up">
        <Empty
          title="This address has no set-up token."
          action={
            <Button component={Link} to="/sign-in" variant="default">
              Sign in instead
            </Button>
          }
        >
          Open the whole link that the server printed at its first start, or make an admin with{" "}
          <code>frontdesk user add --role admin</code>.
        </Empty>
      </Card>
    );
  }
  return <SetupForm token={token} />;
}

function SetupForm({ token }: { token: string }): ReactElement {
  const session = useSession();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const said = (name: string): string => String(form.get(name) ?? "");
    const email = said("email").trim();
    const password = said("password");
    setBusy(true);
    setTrouble(null);
    try {
      await session.rest.POST("/api/v1/setup", {
        body: { token, email, password, name: said("name").trim() },
      });
      await session.signIn({ email, password });
      await navigate("/desk", { replace: true });
    } catch (error) {
      setTrouble(troubleOf(error));
      setBusy(false);
    }
  };
  const field = (name: string): { name: string; error: string | undefined } => ({
    name,
    error: trouble?.fields[name],
  });

  return (
    <Card
      title="Welcome"
      lead="Make the first admin. The link works once; more accounts are made in Admin."
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          {trouble && <TroubleNotice {...trouble} />}
          {trouble?.code === "setup_closed" && (
            <Anchor component={Link} to="/sign-in" size="sm" underline="always">
              Go to the sign-in
            </Anchor>
          )}
          <TextInput
            label="Your name"
            autoComplete="name"
            required
            withAsterisk={false}
            size="md"
            {...field("name")}
          />
          <TextInput
            label="Email"
            type="email"
            autoComplete="username"
            required
            withAsterisk={false}
            size="md"
            {...field("email")}
          />
          <PasswordInput
            label="Password"
            description="8 characters or more, and none of the common ones."
            autoComplete="new-password"
            minLength={8}
            required
            withAsterisk={false}
            size="md"
            visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0 }}
            {...field("password")}
          />
          <Button type="submit" size="md" fullWidth loading={busy}>
            Make the admin and sign in
          </Button>
        </Stack>
      </form>
    </Card>
  );
}
