// One side of the split view: a session of its own, signed in by itself with an account of the demo.

import { Button, Group, Text } from "@mantine/core";
import {
  type ReactElement,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import { ConnectionBanner } from "../../session/connection-banner.tsx";
import { useSession } from "../../session/session-provider.tsx";
import { SignedIn, useUser } from "../../session/signed-in.tsx";
import { type Trouble, troubleOf } from "../../session/trouble.ts";
import { Empty, Loading, TroubleNotice } from "../../ui/states.tsx";
import { DEMO_PASSWORD } from "./demo.ts";
import look from "./split.module.css";

export interface SeatProps {
  /** What the side is: "Customer". */
  title: string;
  email: string;
  /** Not in sight, and still live. */
  hidden: boolean;
  children: ReactNode;
}

/** Below a SessionProvider with a seat. */
export function Seat({ title, email, hidden, children }: SeatProps): ReactElement {
  const id = useId();
  return (
    <section className={look["seat"]} aria-labelledby={id} hidden={hidden}>
      <SignedIn
        otherwise={({ why }) => (
          <>
            <Text id={id} className={look["who"] ?? ""}>
              {title}
            </Text>
            <Enter email={email} title={title} byItself={why === "unknown"} />
          </>
        )}
      >
        <Who id={id} title={title} email={email} />
        <ConnectionBanner />
        <div className={look["inside"]}>{children}</div>
      </SignedIn>
    </section>
  );
}

function Who({ id, title, email }: { id: string; title: string; email: string }): ReactElement {
  const session = useSession();
  const user = useUser();
  // A seat that somebody used for another account.
  const isOther = user.email !== email;
  useEffect(() => {
    if (isOther) session.signIn({ email, password: DEMO_PASSWORD }).catch(() => undefined);
  }, [isOther, session, email]);
  return (
    <Group justify="space-between" className={look["who"] ?? ""} wrap="nowrap">
      <Text id={id} fw={600}>
        {title}
      </Text>
      <Text size="sm" c="dimmed" truncate>
        {user.name}, {user.email}
      </Text>
    </Group>
  );
}

function Enter({
  email,
  title,
  byItself,
}: {
  email: string;
  title: string;
  byItself: boolean;
}): ReactElement {
  const session = useSession();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const begun = useRef(false);
  const enter = useCallback(async (): Promise<void> => {
    setTrouble(null);
    try {
      await session.signIn({ email, password: DEMO_PASSWORD });
    } catch (error) {
      setTrouble(troubleOf(error));
    }
  }, [session, email]);
  useEffect(() => {
    // Once: a second sign-in would end the session of the first.
    if (!byItself || begun.current) return;
    begun.current = true;
    void enter();
  }, [byItself, enter]);
  if (trouble !== null)
    return (
      <div className={look["inside"]}>
        <TroubleNotice {...trouble} onRetry={() => void enter()} />
      </div>
    );
  if (byItself) return <Loading what={`the session of the ${title.toLowerCase()}`} />;
  return (
    <Empty
      title="Signed out elsewhere"
      action={<Button onClick={() => void enter()}>Sign in again as {email}</Button>}
    >
      Somebody ended the session of this side. That is what it looks like.
    </Empty>
  );
}
