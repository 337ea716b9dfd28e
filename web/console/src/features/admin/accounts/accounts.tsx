// Accounts: find one, make one, and open one to change it.

import { Button, Group, Table, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { type ReactElement, useState } from "react";
import { troubleOf } from "../../../session/trouble.ts";
import { Panel } from "../../../ui/page.tsx";
import { RelativeTime } from "../../../ui/relative-time.tsx";
import { Empty, Loading, TroubleNotice } from "../../../ui/states.tsx";
import { StatusBadge } from "../../../ui/status-badge.tsx";
import look from "../admin.module.css";
import { Account } from "./account.tsx";
import { NewAccount } from "./new-account.tsx";
import { useAccounts, type User } from "./queries.ts";

/** How long one types on before it is searched. */
const TYPING_MS = 250;

export function Accounts(): ReactElement {
  const [words, setWords] = useState("");
  const [settled] = useDebouncedValue(words.trim(), TYPING_MS);
  const { data, error, isPending, refetch } = useAccounts(settled);
  const [openId, setOpenId] = useState<string | null>(null);
  const [making, setMaking] = useState(false);
  const open = data?.items.find(({ id }) => id === openId);
  return (
    <Panel
      title="Accounts"
      flush
      actions={<Button onClick={() => setMaking(true)}>New account</Button>}
    >
      <div className={look["search"]}>
        <TextInput
          label="Find an account"
          placeholder="Name, address, role or id"
          type="search"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      </div>
      {error !== null && (
        <div className={look["search"]}>
          <TroubleNotice {...troubleOf(error)} onRetry={() => void refetch()} />
        </div>
      )}
      {isPending && <Loading what="the accounts" />}
      {data !== undefined && (
        <Found accounts={data.items} complete={data.complete} words={settled} onOpen={setOpenId} />
      )}
      {open !== undefined && <Account key={open.id} user={open} onClose={() => setOpenId(null)} />}
      <NewAccount opened={making} onClose={() => setMaking(false)} />
    </Panel>
  );
}

function Found({
  accounts,
  complete,
  words,
  onOpen,
}: {
  accounts: readonly User[];
  complete: boolean;
  words: string;
  onOpen: (id: string) => void;
}): ReactElement {
  if (accounts.length === 0)
    return (
      <Empty title={`No account has “${words}” in its name, address, role or id`}>
        Type less of it, or make the account.
      </Empty>
    );
  return (
    <>
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing="sm" horizontalSpacing="lg" highlightOnHover aria-label="Accounts">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Address</Table.Th>
              <Table.Th>Role</Table.Th>
              <Table.Th>Made</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {accounts.map((user) => (
              <Table.Tr key={user.id}>
                <Table.Td>
                  <UnstyledButton className={look["open"] ?? ""} onClick={() => onOpen(user.id)}>
                    {user.name}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td>{user.email}</Table.Td>
                <Table.Td>
                  <Group gap={6} wrap="nowrap">
                    <StatusBadge tone={user.role === "customer" ? "neutral" : "accent"}>
                      {user.role}
                    </StatusBadge>
                    {user.disabled && <StatusBadge tone="bad">disabled</StatusBadge>}
                  </Group>
                </Table.Td>
                <Table.Td className={look["nowrap"] ?? ""}>
                  <RelativeTime at={user.created_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {!complete && (
        <Text size="sm" c="dimmed" className={look["more"] ?? ""} role="status">
          The first {accounts.length} are shown. Type more of a name or an address to find others.
        </Text>
      )}
    </>
  );
}
