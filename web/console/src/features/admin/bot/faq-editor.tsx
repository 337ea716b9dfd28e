// Writes the answers of the bot. They are in force as soon as they are saved.

import { Button, Group, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { Panel } from "../../../ui/page.tsx";
import { Empty } from "../../../ui/states.tsx";
import look from "../admin.module.css";
import { TaskTrouble } from "../task-trouble.tsx";
import { type Task, useTask } from "../use-task.ts";
import {
  changeEntry,
  type DraftEntry,
  draftOf,
  requestOf,
  withEntry,
  withoutEntry,
  wrongIn,
} from "./draft.ts";
import { type BotSettings, botKey } from "./queries.ts";

export function FaqEditor({ settings }: { settings: BotSettings }): ReactElement {
  const { rest } = useSession();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(settings));
  const [saved, setSaved] = useState("");
  const task = useTask();
  const shown = draft.entries.flatMap((_, index) => [
    ...Object.keys(task.trouble?.fields ?? {}).filter((field) =>
      field.startsWith(`entries/${index}/`),
    ),
  ]);

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setSaved("");
    const done = await task.run(async () => {
      const { data } = await rest.PUT("/api/v1/bot/faq", { body: requestOf(draft) });
      // The draft stays as it is written; only what is around it may have changed.
      queries.setQueryData(botKey, data);
    });
    if (done) setSaved("Saved. The bot uses it from now on.");
  };

  return (
    <Panel title="What it says">
      <form onSubmit={(event) => void save(event)}>
        <Stack gap="lg">
          <Group grow align="flex-start">
            <TextInput
              label="Opening hours"
              description="The answer to when you are open."
              value={draft.hours}
              onChange={(event) => setDraft({ ...draft, hours: event.currentTarget.value })}
              {...task.wrong("hours")}
            />
            <TextInput
              label="Time zone"
              description="Such as Europe/Berlin."
              value={draft.timezone}
              onChange={(event) => setDraft({ ...draft, timezone: event.currentTarget.value })}
              {...task.wrong("timezone")}
            />
          </Group>
          {draft.entries.length === 0 && (
            <Empty title="The bot knows no answers of yours">
              Add a question that is asked often.
            </Empty>
          )}
          {draft.entries.map((entry, index) => (
            <Entry
              key={entry.key}
              entry={entry}
              number={index + 1}
              task={task}
              onChange={(part) => setDraft((held) => changeEntry(held, entry.key, part))}
              onRemove={() => setDraft((held) => withoutEntry(held, entry.key))}
            />
          ))}
          <TaskTrouble task={task} shown={["hours", "timezone", ...shown]} />
          <Group justify="space-between">
            <Group gap="sm">
              <Button type="submit" loading={task.busy}>
                Save
              </Button>
              <Text role="status" size="sm" c="var(--fd-good-text)">
                {saved}
              </Text>
            </Group>
            <Button variant="default" onClick={() => setDraft(withEntry)}>
              Add an answer
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

function Entry({
  entry,
  number,
  task,
  onChange,
  onRemove,
}: {
  entry: DraftEntry;
  number: number;
  task: Task;
  onChange: (part: Partial<DraftEntry>) => void;
  onRemove: () => void;
}): ReactElement {
  const fields = task.trouble?.fields ?? {};
  const asked = wrongIn(fields, number - 1, "asked");
  const answer = wrongIn(fields, number - 1, "answer");
  return (
    <fieldset className={look["entry"]}>
      <legend>Answer {number}</legend>
      <Stack gap="sm">
        <Textarea
          label="Ways to ask, one on each line"
          autosize
          minRows={2}
          maxRows={8}
          value={entry.asked}
          onChange={(event) => onChange({ asked: event.currentTarget.value })}
          {...(asked !== undefined && { error: asked })}
        />
        <Textarea
          label="Answer"
          autosize
          minRows={2}
          maxRows={8}
          maxLength={4_000}
          value={entry.answer}
          onChange={(event) => onChange({ answer: event.currentTarget.value })}
          {...(answer !== undefined && { error: answer })}
        />
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          className={look["remove"] ?? ""}
          onClick={onRemove}
          aria-label={`Remove answer ${number}`}
        >
          Remove
        </Button>
      </Stack>
    </fieldset>
  );
}
