// What a person sees and a page may not: the red lines of the console, or a close code.

import { Button, Group, Text, Textarea } from "@mantine/core";
import type { ReactElement } from "react";
import { Panel } from "../../ui/page.tsx";
import { explain } from "./explain.ts";
import { readPasted } from "./verdict.ts";
import classes from "./why.module.css";
import { Words } from "../../ui/words.tsx";

export interface PastedPanelProps {
  pasted: string;
  onChange: (pasted: string) => void;
}

export function PastedPanel({ pasted, onChange }: PastedPanelProps): ReactElement {
  const readings = readPasted(pasted);
  return (
    <Panel title="From your console">
      <Textarea
        label="Red lines of the console, or a close code"
        description="A browser writes there what it tells no page. Nothing of it leaves this page."
        placeholder={"WebSocket connection to 'ws://localhost:8000/ws' failed: …\nor 1006"}
        value={pasted}
        onChange={(event) => onChange(event.currentTarget.value)}
        autosize
        minRows={5}
        maxRows={14}
        spellCheck={false}
        styles={{
          input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.8125rem" },
        }}
      />
      {pasted.trim() !== "" && (
        <>
          {readings.length === 0 ? (
            <Text size="sm" c="dimmed">
              No line of it is one that is known.
            </Text>
          ) : (
            <ul className={classes["because"]}>
              {readings.map(({ id, because, confidence }) => (
                <li key={id}>
                  <Words>{because}</Words>{" "}
                  {confidence !== "unsure" && <strong>{explain(id)?.title ?? id}</strong>}
                </li>
              ))}
            </ul>
          )}
          <Group>
            <Button size="compact-sm" variant="default" onClick={() => onChange("")}>
              Clear the text
            </Button>
          </Group>
        </>
      )}
    </Panel>
  );
}
