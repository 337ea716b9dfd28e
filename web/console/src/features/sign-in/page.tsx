// Signing in. In the demo, its accounts are one click away.

import { Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactElement, useEffect, useRef, useState } from "react";
import { Link, Navigate, useLocation } from "react-router";
import { homeOf, nextPath } from "../../frame/navigation.ts";
import { useSession, useSessionState } from "../../session/session-provider.tsx";
import { type Trouble, troubleOf } from "../../session/trouble.ts";
import { Unreachable } from "../../session/unreachable.tsx";
import { useServerStatus } from "../../session/use-server-status.ts";
import { Card } from "../../ui/card.tsx";
import { Loading, TroubleNotice } from "../../ui/states.tsx";
import { DemoAccounts } from "./demo-accounts.tsx";
import { rememberEmail, rememberedEmail } from "./remembered-email.ts";

export function SignInPage(): ReactElement {
  const state = useSessionState();
  const { search } = useLocation();
  switch (state.status) {
    case "checking":
      return <Loading what="your session" />;
    case "signed-in":
      return <Navigate to={nextPath(search) ?? homeOf(state.user.role)} replace />;
    case "unreachable":
      return <Unreachable state={state} />;
    case "signed-out":
      return <SignInForm wasSignedOut={state.why === "elsewhere"} />;
  }
}

function SignInForm({ wasSignedOut }: { wasSignedOut: boolean }): ReactElement {
  const session = useSession();
  const demo = useServerStatus().data?.demo ?? false;
  const [email, setEmail] = useState(rememberedEmail);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const passwordField = useRef<HTMLInputElement>(null);

  const signIn = async (credentials: { email: string; password: string }): Promise<void> => {
    setBusy(credentials.email);
    setTrouble(null);
    rememberEmail(credentials.email);
    try {
      await session.signIn(credentials);
    } catch (error) {
      const told = troubleOf(error);
      setTrouble(told);
      setBusy(null);
      setPassword("");
      passwordField.current?.focus();
      // The page then says why, and goes on by itself.
      if (told.code === "unreachable" || told.code === "unexpected_answer") await session.check();
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void signIn({ email: email.trim(), password });
  };
  useEffect(() => {
    document.title = "Sign in · Frontdesk";
  }, []);

  return (
    <Card
      title="Sign in"
      lead={wasSignedOut ? "You were signed out elsewhere, or your session is over." : undefined}
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          {trouble && <TroubleNotice {...trouble} />}
          <TextInput
            label="Email"
            type="email"
            name="email"
            autoComplete="username"
            required
            withAsterisk={false}
            size="md"
            value={email}
            error={trouble?.fields["email"]}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordInput
            ref={passwordField}
            label="Password"
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            size="md"
            value={password}
            error={trouble?.fields["password"]}
            visibilityToggleButtonProps={{ "aria-label": "Show the password", tabIndex: 0 }}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          <Button
            type="submit"
            size="md"
            fullWidth
            loading={busy !== null && busy === email.trim()}
          >
            Sign in
          </Button>
        </Stack>
      </form>
      {demo && (
        <DemoAccounts
          busy={busy}
          onChoose={(chosen) => {
            setEmail(chosen.email);
            void signIn(chosen);
          }}
        />
      )}
      <Text size="sm" c="dimmed" mt="lg">
        Something does not connect?{" "}
        <Anchor component={Link} to="/why" inherit underline="always">
          Find out why
        </Anchor>
      </Text>
    </Card>
  );
}
