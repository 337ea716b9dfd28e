// Signing in, and the provider around what needs the desk.

import { FrontdeskProvider } from "@frontdesk/react";
import { type FormEvent, type ReactElement, useState } from "react";
import { Chat } from "./chat.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";

const url: string = import.meta.env.VITE_FRONTDESK_URL ?? "http://localhost:8000";

export function App(): ReactElement {
  const [name, setName] = useState<string | null>(null);
  if (name === null) return <SignIn onDone={setName} />;
  // Only now: before, there is nobody whose socket it could be.
  return (
    <FrontdeskProvider options={{ url }}>
      <ConnectionBanner />
      <Chat name={name} />
    </FrontdeskProvider>
  );
}

function SignIn({ onDone }: { onDone: (name: string) => void }): ReactElement {
  const [error, setError] = useState("");
  const signIn = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.currentTarget)));
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await fetch(`${url}/api/v1/auth/login`, { method: "POST", credentials: "include", headers, body });
      const account = await answer.json();
      if (answer.ok) onDone(account.name);
      else setError(`${account.detail}. ${account.fix}`);
    } catch {
      setError(`Nothing answered at ${url}. Start the server: cargo xtask run`);
    }
  };
  return (
    <form onSubmit={signIn}>
      <h1>Chat with the desk</h1>
      <input name="email" type="email" aria-label="Address" autoComplete="username" defaultValue="ana@test.com" />
      <input name="password" type="password" aria-label="Password" autoComplete="current-password" defaultValue="test123" />
      <button type="submit">Sign in</button>
      <p role="alert">{error}</p>
    </form>
  );
}
