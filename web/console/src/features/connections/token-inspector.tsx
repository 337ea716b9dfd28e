// What a token is worth, claim by claim. It goes to the server in the body of one request, and nowhere
// else: not into the address, not into storage, and out of memory when the page is left.

import { Button, Group, PasswordInput, Stack, Table, Text } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSession } from "../../session/session-provider.tsx";
import { asSentence, type Trouble, troubleOf } from "../../session/trouble.ts";
import { Panel } from "../../ui/page.tsx";
import { TroubleNotice } from "../../ui/states.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import { Words } from "../../ui/words.tsx";
import classes from "./connections.module.css";
import { inspectToken, type TokenVerdict } from "./queries.ts";
import { splitReason } from "./reason.ts";

export function TokenInspector(): ReactElement {
  const session = useSession();
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [verdict, setVerdict] = useState<TokenVerdict | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setTrouble(null);
    setVerdict(null);
    try {
      setVerdict(await inspectToken(session, token.trim()));
    } catch (error) {
      setTrouble(troubleOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <Panel title="Token inspector">
      <Text size="sm" c="dimmed" maw={640}>
        Paste what your page sends as its token, whatever it is. The server says what each part is
        worth, without using it; nobody keeps it.
      </Text>
      <form onSubmit={(event) => void submit(event)} autoComplete="off">
        <Group align="flex-end" gap="sm">
          <PasswordInput
            label="Token"
            value={token}
            onChange={(event) => {
              setToken(event.currentTarget.value);
              // A verdict on another token would be worse than none.
              setVerdict(null);
            }}
            autoComplete="off"
            spellCheck={false}
            style={{ flex: "1 1 260px", maxWidth: 640 }}
          />
          <Button type="submit" loading={busy}>
            Inspect
          </Button>
          {(token !== "" || verdict) && (
            <Button
              variant="default"
              onClick={() => {
                setToken("");
                setVerdict(null);
                setTrouble(null);
              }}
            >
              Forget it
            </Button>
          )}
        </Group>
      </form>
      <div role="status">
        {trouble && <TroubleNotice sentence={trouble.sentence} fix={trouble.fix} />}
        {verdict && <Verdict verdict={verdict} />}
      </div>
    </Panel>
  );
}

const SESSIONS: Record<string, string> = {
  live: "The session behind it is live.",
  ended: "The session behind it has ended.",
  account_disabled: "Its account is disabled.",
  of_another_account: "The session behind it belongs to another account.",
  unknown: "There is no session behind it.",
};

function Verdict({ verdict }: { verdict: TokenVerdict }): ReactElement {
  const { accepted, code, reason, fix, session, claims, server_time } = verdict;
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <StatusBadge tone={accepted ? "good" : "bad"}>
          {accepted ? "A socket takes it" : `A socket refuses it with ${code}`}
        </StatusBadge>
        <Text size="sm" c="dimmed">
          by the server's clock, {new Date(server_time).toLocaleTimeString()}
        </Text>
      </Group>
      {reason && (
        <Text size="sm">
          <Words>{asSentence(splitReason(reason).detail)}</Words>
        </Text>
      )}
      {fix && (
        <Text size="sm" c="dimmed">
          <Words>{asSentence(fix)}</Words>
        </Text>
      )}
      {session && <Text size="sm">{SESSIONS[session] ?? session}</Text>}
      {claims.length > 0 && (
        <Table.ScrollContainer
          minWidth={560}
          type="native"
          tabIndex={0}
          role="region"
          aria-label="The token, part by part"
        >
          <Table withTableBorder>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Part</Table.Th>
                <Table.Th>Expected</Table.Th>
                <Table.Th>Found</Table.Th>
                <Table.Th>Verdict</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {claims.map(({ name, expected, found, ok, verified }) => (
                <Table.Tr key={name}>
                  <Table.Td className={classes["numbers"] ?? ""}>{name}</Table.Td>
                  <Table.Td>
                    <Words>{expected}</Words>
                  </Table.Td>
                  <Table.Td>
                    <Words>{found}</Words>
                  </Table.Td>
                  <Table.Td>
                    <StatusBadge tone={ok ? "good" : "bad"}>
                      {ok ? "agrees" : "differs"}
                    </StatusBadge>
                    {!verified && (
                      <Text span size="xs" c="dimmed" ml={6}>
                        not signed by this server
                      </Text>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Stack>
  );
}
