// Which channels one listens to, and where one stands in each.

import { Autocomplete, Button, Group, Table, Text, VisuallyHidden } from "@mantine/core";
import type { ChannelName } from "@frontdesk/client";
import { type FormEvent, type ReactElement, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import classes from "./lab.module.css";
import type { LabProps } from "./dial-panel.tsx";

const CHANNEL = /^(staff|(user|chat):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function Places({ lab, state }: LabProps): ReactElement {
  const [name, setName] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const { places, user } = state.story;
  const isWelcomed = state.status === "welcomed";
  const suggestions = ["staff", ...(user ? [`user:${user.id}`] : [])].filter(
    (each) => !places.has(each),
  );

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!CHANNEL.test(name)) {
      setFault(`\`${name}\` is no channel; expected staff, user:<id> or chat:<id>`);
      return;
    }
    setFault(null);
    lab.subscribe(name as ChannelName);
    setName("");
  };

  return (
    <Panel title="Channels">
      {places.size === 0 ? (
        <Text size="sm" c="dimmed">
          Where you stand in each channel shows here once the server has said welcome.
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={300}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Channel</Table.Th>
                <Table.Th className={classes["nowrap"] ?? ""}>Position</Table.Th>
                <Table.Th>
                  <VisuallyHidden>Leave</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {[...places].map(([channel, { offset, head, epoch }]) => (
                <Table.Tr key={channel}>
                  <Table.Td>{channel}</Table.Td>
                  <Table.Td title={`epoch ${epoch}`}>
                    {offset === head ? offset : `${offset} of ${head}`}
                  </Table.Td>
                  <Table.Td>
                    {/* The other channels come by themselves and cannot be left. */}
                    {channel.startsWith("chat:") && (
                      <Button
                        size="compact-xs"
                        variant="default"
                        disabled={!isWelcomed}
                        aria-label={`Leave ${channel}`}
                        onClick={() => lab.unsubscribe(channel as ChannelName)}
                      >
                        Leave
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <form onSubmit={submit}>
        <Group align="flex-start" gap="sm" wrap="nowrap">
          <Autocomplete
            aria-label="Channel to subscribe"
            placeholder="chat:<id>"
            value={name}
            onChange={setName}
            data={suggestions}
            error={fault}
            spellCheck={false}
            style={{ flex: 1 }}
          />
          <Button type="submit" variant="default" disabled={!isWelcomed}>
            Subscribe
          </Button>
        </Group>
      </form>
    </Panel>
  );
}
