// What the program was told to do, and by whom. Secrets are masked by the server.

import { Code, Group, Table, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactElement, useState } from "react";
import { useSession } from "../../session/session-provider.tsx";
import { troubleOf } from "../../session/trouble.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Panel } from "../../ui/page.tsx";
import { RelativeTime } from "../../ui/relative-time.tsx";
import { Empty, Loading, TroubleNotice } from "../../ui/states.tsx";
import look from "./admin.module.css";

export function Configuration(): ReactElement {
  const { rest } = useSession();
  const [words, setWords] = useState("");
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["admin", "configuration"],
    queryFn: async ({ signal }) =>
      (await rest.GET("/api/v1/configuration", { signal })).data ?? null,
  });
  if (isPending) return <Loading what="the configuration" />;
  if (error !== null || data === null) {
    const { sentence, fix } = troubleOf(error ?? new Error("the server answered without it"));
    return <TroubleNotice sentence={sentence} fix={fix} onRetry={() => void refetch()} />;
  }
  const wanted = words.trim().toLowerCase();
  const settings = data.settings.filter(({ key, origin }) =>
    `${key} ${origin}`.toLowerCase().includes(wanted),
  );
  return (
    <Panel title="Configuration" flush>
      <div className={look["search"]}>
        <Group gap="xl" mb="md">
          <Fact name="Version">{data.version}</Fact>
          <Fact name="Database">{data.database}</Fact>
          <Fact name="Running since">
            <RelativeTime at={data.started_at} />
          </Fact>
          <Fact name="Boot id">
            <Code>{data.boot_id}</Code> <CopyButton text={data.boot_id} label="Copy boot id" />
          </Fact>
        </Group>
        <TextInput
          label="Find a key"
          placeholder="Key or origin, such as environment"
          type="search"
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      </div>
      {settings.length === 0 ? (
        <Empty title={`No key or origin has “${words.trim()}” in it`} />
      ) : (
        <Table.ScrollContainer
          minWidth={560}
          type="native"
          tabIndex={0}
          role="region"
          aria-label="Settings, to scroll"
        >
          <Table verticalSpacing="xs" horizontalSpacing="lg" aria-label="Settings">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Key</Table.Th>
                <Table.Th>Value</Table.Th>
                <Table.Th>From</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {settings.map(({ key, value, origin, meaning }) => (
                <Table.Tr key={key}>
                  <Table.Td>
                    <Code>{key}</Code>
                  </Table.Td>
                  <Table.Td>
                    {valueText(value)}
                    {meaning && (
                      <Text size="sm" c="dimmed">
                        means {meaning}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" {...(origin === "default" && { c: "dimmed" })}>
                      {origin}
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }): ReactElement {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div">{children}</Text>
    </div>
  );
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return value === "" ? "empty" : String(value);
}
