// One cause by its name, for whoever follows a link from elsewhere.

import { Anchor, Code, Group, Text } from "@mantine/core";
import type { ReactElement } from "react";
import { Link } from "react-router";
import { Panel } from "../../ui/page.tsx";
import { explain } from "./explain.ts";
import { Words } from "../../ui/words.tsx";

export function CauseNotice({ id }: { id: string }): ReactElement {
  const known = explain(id);
  return (
    <Panel
      title={known?.title ?? "An unknown cause"}
      actions={
        <Anchor component={Link} to="/why" size="sm">
          Close
        </Anchor>
      }
    >
      <Text>
        <Words>
          {known?.sentence ?? "This version of the console knows no cause of that name."}
        </Words>
      </Text>
      <Text c="dimmed">
        <Words>{known?.fix ?? "Check the link, or update the server."}</Words>
      </Text>
      <Group gap="xs">
        <Text size="sm" c="dimmed">
          Its name:
        </Text>
        <Code>{id}</Code>
        <Text size="sm" c="dimmed">
          In a terminal: <Code>frontdesk explain {id}</Code>
        </Text>
      </Group>
    </Panel>
  );
}
