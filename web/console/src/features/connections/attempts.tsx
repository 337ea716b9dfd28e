// Handshakes that were refused and connections that failed, newest first: the reason, every value that
// was compared, and where the cause is explained.

import { Anchor, Box, Button, Group, Table, Text } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { Link } from "react-router";
import { asSentence } from "../../session/trouble.ts";
import { Panel } from "../../ui/page.tsx";
import { RelativeTime } from "../../ui/relative-time.tsx";
import { Empty, Loading } from "../../ui/states.tsx";
import { StatusBadge } from "../../ui/status-badge.tsx";
import { useArrivals } from "../../ui/use-arrivals.ts";
import { Words } from "../../ui/words.tsx";
import classes from "./connections.module.css";
import { Freshness } from "./freshness.tsx";
import { type Attempt, useAttempts } from "./queries.ts";
import { splitReason } from "./reason.ts";

/** Attempts that are drawn until all are asked for; the server keeps 200. */
const SHOWN_MAX = 8;

export function Attempts(): ReactElement {
  const attempts = useAttempts();
  const [showsAll, setShowsAll] = useState(false);
  const all = attempts.data ?? [];
  const items = showsAll ? all : all.slice(0, SHOWN_MAX);
  const arrived = useArrivals(items.map(keyOf), attempts.isPending);
  return (
    <Panel flush title="Refused and failed attempts">
      {attempts.isPending && <Loading what="the attempts" />}
      <Freshness query={attempts} flush />
      {attempts.data?.length === 0 && (
        <Empty title="Nobody was turned away">
          A try with a wrong token or from a page that is not allowed shows here within a second,
          with the values that were compared.
        </Empty>
      )}
      {items.length > 0 && (
        <ul className={classes["attempts"]}>
          {items.map((attempt) => (
            <li key={keyOf(attempt)} className={`${classes["attempt"]} ${arrived(keyOf(attempt))}`}>
              <OneAttempt attempt={attempt} />
            </li>
          ))}
        </ul>
      )}
      {all.length > SHOWN_MAX && (
        <Box px={20} py={12}>
          <Button size="compact-sm" variant="default" onClick={() => setShowsAll(!showsAll)}>
            {showsAll ? `Show the newest ${SHOWN_MAX}` : `Show all ${all.length}`}
          </Button>
        </Box>
      )}
    </Panel>
  );
}

function OneAttempt({ attempt }: { attempt: Attempt }): ReactElement {
  const { at, path, origin, address, code, outcome, reason, fix, compared, cause } = attempt;
  const { slug, detail } = splitReason(reason ?? "");
  const values = Object.entries(compared);
  return (
    <>
      <Group gap="sm" mb={4}>
        <StatusBadge tone={outcome === "refused" ? "bad" : "warn"}>
          {[code, slug || outcome].filter(Boolean).join(" ")}
        </StatusBadge>
        <Text size="sm" c="dimmed">
          <RelativeTime at={at} /> · {path} · from {address}
          {origin ? ` · page ${origin}` : ""}
        </Text>
      </Group>
      <Text size="sm">
        <Words>{detail === "" ? "It ended without a reason." : asSentence(detail)}</Words>
      </Text>
      {fix && (
        <Text size="sm" c="dimmed">
          <Words>{asSentence(fix)}</Words>
        </Text>
      )}
      {values.length > 0 && (
        <Table.ScrollContainer
          minWidth={260}
          type="native"
          tabIndex={0}
          role="group"
          aria-label="What was compared"
        >
          <Table className={classes["compared"] ?? ""} withTableBorder withColumnBorders>
            <Table.Thead>
              <Table.Tr>
                <Table.Th className={classes["numbers"] ?? ""}>Compared</Table.Th>
                <Table.Th>Expected</Table.Th>
                <Table.Th>Found</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {values.map(([name, { expected, found }]) => (
                <Table.Tr key={name}>
                  <Table.Td className={classes["numbers"] ?? ""}>{name}</Table.Td>
                  <Table.Td className={classes["code"]}>{expected}</Table.Td>
                  <Table.Td className={classes["code"]}>{found}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {cause && (
        <Anchor component={Link} to={`/why/${cause}`} size="sm" mt={6} display="inline-block">
          What it means and how to mend it ({cause})
        </Anchor>
      )}
    </>
  );
}

function keyOf({ attempt, at }: Attempt): string {
  return `${attempt} ${at}`;
}
