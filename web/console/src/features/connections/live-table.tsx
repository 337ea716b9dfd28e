// The open sockets. An admin may close one; its client comes back by itself.

import { Button, Table, Text, TextInput, VisuallyHidden } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { useUser } from "../../session/signed-in.tsx";
import { troubleOf } from "../../session/trouble.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { Panel } from "../../ui/page.tsx";
import { RelativeTime } from "../../ui/relative-time.tsx";
import { Empty, Loading } from "../../ui/states.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import { useArrivals } from "../../ui/use-arrivals.ts";
import { bytes } from "./charts.tsx";
import classes from "./connections.module.css";
import { Freshness } from "./freshness.tsx";
import { type LiveConnection, useDisconnect, useLiveConnections } from "./queries.ts";

/** Rows that are drawn at once. */
const ROWS_MAX = 100;

export function LiveTable(): ReactElement {
  const live = useLiveConnections();
  const [wanted, setWanted] = useState("");
  const items = live.data?.items ?? [];
  const arrived = useArrivals(
    items.map(({ id }) => id),
    live.isPending,
  );
  const found = items.filter((connection) => isWanted(connection, wanted));
  return (
    <Panel
      flush
      title="Live sockets"
      actions={
        <TextInput
          size="xs"
          aria-label="Filter the sockets"
          placeholder="Name, address or channel"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      }
    >
      {live.isPending && <Loading what="the live sockets" />}
      <Freshness query={live} flush />
      {live.data && found.length === 0 && (
        <Empty title={items.length === 0 ? "Nobody is connected" : "No socket matches the filter"}>
          {items.length === 0
            ? "Open the socket lab, or a page of your application: its socket shows here within two seconds."
            : `There are ${items.length} sockets; change the filter to see them.`}
        </Empty>
      )}
      {found.length > 0 && <Sockets connections={found.slice(0, ROWS_MAX)} arrived={arrived} />}
      {(found.length > ROWS_MAX || live.data?.hasMore) && (
        <Text size="sm" c="dimmed" px={20} py={12}>
          The newest {Math.min(found.length, ROWS_MAX)} are shown; filter to find others.
        </Text>
      )}
    </Panel>
  );
}

interface SocketsProps {
  connections: LiveConnection[];
  arrived: (id: string) => string;
}

function Sockets({ connections, arrived }: SocketsProps): ReactElement {
  const isAdmin = useUser().role === "admin";
  const [ending, setEnding] = useState<LiveConnection | null>(null);
  const disconnect = useDisconnect();
  return (
    <>
      <Table.ScrollContainer minWidth={960}>
        <Table className={classes["table"] ?? ""} verticalSpacing="sm" horizontalSpacing={20}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Who</Table.Th>
              <Table.Th>Kind</Table.Th>
              <Table.Th>Since</Table.Th>
              <Table.Th>Queue</Table.Th>
              <Table.Th>Last pong</Table.Th>
              <Table.Th>Channels</Table.Th>
              <Table.Th>Address</Table.Th>
              <Table.Th>Node</Table.Th>
              {isAdmin && (
                <Table.Th>
                  <VisuallyHidden>Disconnect</VisuallyHidden>
                </Table.Th>
              )}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {connections.map((connection) => (
              <Socket
                key={connection.id}
                connection={connection}
                className={arrived(connection.id)}
                onEnd={isAdmin ? () => setEnding(connection) : null}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Confirm
        opened={ending !== null}
        title={`Disconnect ${ending?.user.name ?? "this socket"}?`}
        action="Disconnect"
        danger
        onConfirm={async () => {
          if (ending) await disconnect.mutateAsync(ending.id);
        }}
        onClose={() => setEnding(null)}
        describe={troubleOf}
      >
        <Text size="sm">
          The socket closes with 4001 and the client comes back after a second, with everything it
          missed. To keep somebody out, end their session or disable the account.
        </Text>
      </Confirm>
    </>
  );
}

interface SocketProps {
  connection: LiveConnection;
  className: string;
  onEnd: (() => void) | null;
}

function Socket({ connection, className, onEnd }: SocketProps): ReactElement {
  const { user, kind, since, outbox_bytes, last_pong_at, channels, address, node } = connection;
  return (
    <Table.Tr className={className}>
      <Table.Td>
        <Text size="sm" fw={550}>
          {user.name}
        </Text>
        <Text size="xs" c="dimmed">
          {user.role}
        </Text>
      </Table.Td>
      <Table.Td>{kind}</Table.Td>
      <Table.Td className={classes["numbers"]}>
        <RelativeTime at={since} />
      </Table.Td>
      <Table.Td className={classes["numbers"]}>
        {outbox_bytes === 0 ? (
          "empty"
        ) : (
          <StatusBadge tone="warn">{bytes(outbox_bytes)}</StatusBadge>
        )}
      </Table.Td>
      <Table.Td className={classes["numbers"]}>
        {last_pong_at ? <RelativeTime at={last_pong_at} /> : "not yet"}
      </Table.Td>
      <Table.Td>
        <details>
          <summary>
            {channels.length} {channels.length === 1 ? "channel" : "channels"}
          </summary>
          {channels.map((channel) => (
            <div key={channel} className={classes["code"]}>
              {channel}
            </div>
          ))}
        </details>
      </Table.Td>
      <Table.Td className={classes["numbers"]}>{address}</Table.Td>
      <Table.Td>
        <span title={node}>{node.slice(-6)}</span>
      </Table.Td>
      {onEnd && (
        <Table.Td>
          <Button
            size="compact-sm"
            variant="default"
            onClick={onEnd}
            aria-label={`Disconnect ${user.name}, ${kind} socket`}
          >
            Disconnect
          </Button>
        </Table.Td>
      )}
    </Table.Tr>
  );
}

function isWanted({ user, address, channels, kind }: LiveConnection, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return [user.name, user.role, address, kind, ...channels].some((each) =>
    each.toLowerCase().includes(text),
  );
}
