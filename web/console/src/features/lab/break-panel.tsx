// Ways to break a connection on purpose, so that one can watch how it mends.

import { Button, Group, NumberInput, Stack, Text } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import type { LabProps } from "./dial-panel.tsx";

export function BreakPanel({ lab, state }: LabProps): ReactElement {
  const [away, setAway] = useState<number | string>(5);
  const isOpen = state.status === "open" || state.status === "welcomed";
  const awaySeconds = Math.min(Math.max(Number(away) || 5, 1), 600);
  return (
    <Panel title="Break it">
      <Stack gap="lg">
        <Stack gap={6}>
          <Group align="flex-end" gap="sm">
            <NumberInput
              label="Seconds away"
              value={away}
              onChange={setAway}
              min={1}
              max={600}
              w={130}
              clampBehavior="strict"
            />
            <Button
              variant="default"
              disabled={!isOpen || state.backAt !== null}
              onClick={() => lab.cut(awaySeconds * 1000)}
            >
              Cut the network for {awaySeconds} s
            </Button>
          </Group>
          <Text size="sm" c="dimmed">
            The socket goes without a goodbye and nothing gets through, for this lab alone. What
            happens meanwhile at the desk comes afterwards.
          </Text>
        </Stack>
        <Stack gap={6} align="flex-start">
          <Button variant="default" disabled={!isOpen} onClick={() => lab.sendBadFrame()}>
            Send a bad frame
          </Button>
          <Text size="sm" c="dimmed">
            JSON that breaks off in the middle. The server names the fault; the tenth ends the
            connection.
          </Text>
        </Stack>
        <Stack gap={6} align="flex-start">
          <Button
            variant="default"
            disabled={state.status !== "welcomed"}
            onClick={() => (state.holding ? lab.renewAgain() : lab.letExpire())}
          >
            {state.holding ? "Renew the token again" : "Let the token expire"}
          </Button>
          <Text size="sm" c="dimmed">
            No renewal until the server closes with 4100, then a fresh token. To see it in seconds,
            start the server with the shortest life it allows:{" "}
            <code>FRONTDESK_AUTH__WS_TOKEN_SECONDS=5</code>.
          </Text>
        </Stack>
      </Stack>
    </Panel>
  );
}
