// Says something on the socket: a command by its form, or a raw frame.

import { Button, Group, SegmentedControl, Select, Text, Textarea } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useMemo, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import { Loading, TroubleNotice } from "../../ui/states.tsx";
import { Words } from "../../ui/words.tsx";
import { isChatSocket } from "./dial.ts";
import type { LabProps } from "./dial-panel.tsx";
import { compose, type Faults, fieldsOf, type Values } from "./schema-fields.ts";
import { SchemaForm } from "./schema-form.tsx";
import { TOKEN } from "../../session/token-mask.ts";
import type { CommandShape, Tongue } from "./tongue.ts";

export interface ComposerProps extends LabProps {
  tongue: UseQueryResult<Tongue>;
}

export function Composer({ lab, state, tongue }: ComposerProps): ReactElement {
  const [way, setWay] = useState<"form" | "raw">("form");
  const [raw, setRaw] = useState('{"type":"ping","id":"1"}');
  const isOpen = state.status === "open" || state.status === "welcomed";
  return (
    <Panel
      title="Say something"
      actions={
        <SegmentedControl
          aria-label="How to write"
          size="xs"
          value={way}
          onChange={(value) => setWay(value as "form" | "raw")}
          data={[
            { value: "form", label: "Form" },
            { value: "raw", label: "Raw" },
          ]}
        />
      }
    >
      {way === "raw" ? (
        <RawFrame raw={raw} onChange={setRaw} isOpen={isOpen} onSend={() => void lab.send(raw)} />
      ) : tongue.isPending ? (
        <Loading what="the description of the sockets" />
      ) : tongue.isError ? (
        <TroubleNotice
          sentence={`The description of the sockets could not be read: ${tongue.error.message}.`}
          fix="Raw frames work without it."
          onRetry={() => void tongue.refetch()}
        />
      ) : (
        <FrameForm
          tongue={tongue.data}
          commands={isChatSocket(state.dial?.url ?? "") ? tongue.data.chat : tongue.data.events}
          lab={lab}
          state={state}
          onRaw={(text) => {
            setRaw(text);
            setWay("raw");
          }}
        />
      )}
    </Panel>
  );
}

interface RawFrameProps {
  raw: string;
  onChange: (raw: string) => void;
  isOpen: boolean;
  onSend: () => void;
}

function RawFrame({ raw, onChange, isOpen, onSend }: RawFrameProps): ReactElement {
  const fault = jsonFault(raw);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
      }}
    >
      <Textarea
        label="Frame"
        description={`Sent as it is. ${TOKEN} in it becomes a fresh token.`}
        value={raw}
        onChange={(event) => onChange(event.currentTarget.value)}
        autosize
        minRows={4}
        maxRows={16}
        spellCheck={false}
        styles={{
          input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.8125rem" },
        }}
      />
      <Group mt="sm" gap="sm">
        <Button type="submit" disabled={!isOpen}>
          Send frame
        </Button>
        <Text size="sm" c="dimmed" role="status">
          {fault === null ? "" : `Not JSON (${fault}); it can be sent all the same.`}
        </Text>
      </Group>
    </form>
  );
}

interface FrameFormProps extends LabProps {
  tongue: Tongue;
  commands: CommandShape[];
  onRaw: (text: string) => void;
}

function FrameForm({ tongue, commands, lab, state, onRaw }: FrameFormProps): ReactElement {
  const [chosen, setChosen] = useState("ping");
  const command = commands.find(({ name }) => name === chosen) ?? commands[0];
  const fields = useMemo(
    () => (command ? fieldsOf(command.schema, tongue.definitions) : []),
    [command, tongue],
  );
  const [values, setValues] = useState<Values>({});
  const [faults, setFaults] = useState<Faults>({});
  if (!command) return <Text c="dimmed">The server's description names no command.</Text>;

  const filled = (): Values => {
    const hasToken = fields.some(({ name }) => name === "token");
    return { id: lab.nextId(), ...(hasToken && { token: TOKEN }), ...values };
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { frame, faults: wrong } = compose(command.type, fields, filled());
    setFaults(wrong ?? {});
    if (frame !== null) void lab.send(JSON.stringify(frame));
  };
  const choose = (name: string): void => {
    setChosen(name);
    setValues({});
    setFaults({});
  };
  const isOpen = state.status === "open" || state.status === "welcomed";
  return (
    <form onSubmit={submit} noValidate>
      <Select
        label="Command"
        value={command.name}
        onChange={(name) => name !== null && choose(name)}
        data={commands.map(({ name, type }) => ({
          value: name,
          label: name.startsWith("chat.") ? `${type} (short)` : type,
        }))}
        allowDeselect={false}
      />
      <Text size="sm" c="dimmed" my="sm">
        <Words>{command.summary}</Words>
      </Text>
      <SchemaForm
        fields={fields}
        values={values}
        faults={faults}
        suggestions={suggestionsOf(state)}
        onChange={setValues}
      />
      <Group mt="md" gap="sm">
        <Button type="submit" disabled={!isOpen}>
          Send {command.type}
        </Button>
        <Button
          variant="default"
          onClick={() => {
            const { frame } = compose(command.type, fields, filled());
            onRaw(JSON.stringify(frame ?? command.example ?? { type: command.type }, null, 2));
          }}
        >
          Edit as raw
        </Button>
      </Group>
    </form>
  );
}

/** What can stand in a field, by its name. */
function suggestionsOf({ story: { places } }: LabProps["state"]): Record<string, string[]> {
  const channels = [...places.keys()];
  const chats = channels.filter((name) => name.startsWith("chat:")).map((name) => name.slice(5));
  return { channel: channels, chat_id: chats, token: [TOKEN] };
}

function jsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
