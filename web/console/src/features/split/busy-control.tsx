// The switch that makes the shop busy, and what happens there.

import { Button, Group, Text } from "@mantine/core";
import { type ReactElement, useEffect, useState, useSyncExternalStore } from "react";
import { Icon } from "../../ui/icons.tsx";
import { Busy } from "./busy.ts";
import look from "./split.module.css";

export function BusyControl(): ReactElement {
  const [busy] = useState(() => new Busy());
  const { status, last, done } = useSyncExternalStore(busy.subscribe, busy.state);
  useEffect(() => () => busy.stop(), [busy]);
  const off = status === "off";
  return (
    <Group gap="sm" className={look["busy"] ?? ""}>
      {last !== "" && (
        <Text size="sm" c="dimmed">
          {status === "resting" ? "Rests while the page is hidden" : last}
          {!off && done > 0 && ` (${done})`}
        </Text>
      )}
      <Button
        variant={off ? "filled" : "default"}
        {...(!off && { leftSection: <Icon name="stop" size={16} /> })}
        onClick={off ? busy.start : busy.stop}
      >
        {off ? "Make it busy" : "Stop"}
      </Button>
    </Group>
  );
}
