// A question by hand: what the bot would answer, without a chat.

import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { Panel } from "../../../ui/page.tsx";
import look from "../admin.module.css";
import { TaskTrouble } from "../task-trouble.tsx";
import { useTask } from "../use-task.ts";
import type { TryAnswer } from "./queries.ts";

export function TryBox({ off }: { off: boolean }): ReactElement {
  const { rest } = useSession();
  const [question, setQuestion] = useState("");
  const [said, setSaid] = useState<TryAnswer | null>(null);
  const task = useTask();
  const ask = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setSaid(null);
    await task.run(async () => {
      const { data } = await rest.POST("/api/v1/bot/try", { body: { question } });
      setSaid(data ?? null);
    });
  };
  return (
    <Panel title="Try it">
      <form onSubmit={(event) => void ask(event)}>
        <Stack gap="md">
          <TextInput
            label="Question"
            description={
              off
                ? "The bot is off: it would answer nobody."
                : "As a customer would write it. What is saved counts; no chat is touched."
            }
            required
            disabled={off}
            maxLength={4_000}
            value={question}
            onChange={(event) => setQuestion(event.currentTarget.value)}
            {...task.wrong("question")}
          />
          <TaskTrouble task={task} shown={["question"]} />
          <Group>
            <Button type="submit" variant="default" loading={task.busy} disabled={off}>
              Ask the bot
            </Button>
          </Group>
          <div role="status">{said !== null && <Said said={said} />}</div>
        </Stack>
      </form>
    </Panel>
  );
}

function Said({
  said: { answer, matched, offers, hands_over },
}: {
  said: TryAnswer;
}): ReactElement {
  return (
    <Stack gap={6}>
      <div className={look["answer"]}>{answer}</div>
      {offers.length > 0 && (
        <Text size="sm">It offers: {offers.map((offer) => `“${offer}”`).join(", ")}.</Text>
      )}
      {hands_over && <Text size="sm">It gives the chat to a person.</Text>}
      <Text size="sm" c="dimmed">
        {matched
          ? `Taken for “${matched.topic}”, by its way of asking “${matched.asked}” (${Math.round(matched.nearness * 100)} % near).`
          : "It does not say what the question was taken for."}
      </Text>
    </Stack>
  );
}
