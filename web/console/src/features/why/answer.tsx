// The answer: one sentence, the next step, what it rests on, and a report to copy.

import { Anchor, Group, Loader, Stack, Text, Title } from "@mantine/core";
import type { ReactElement } from "react";
import { Link } from "react-router";
import { CopyButton } from "../../ui/copy-button.tsx";
import { StatusBadge, type Tone } from "../../ui/status-badge.tsx";
import { explain } from "./explain.ts";
import { report } from "./report.ts";
import type { Walking } from "./use-walk.ts";
import type { Verdict } from "./verdict.ts";
import classes from "./why.module.css";
import { Words } from "../../ui/words.tsx";

export interface AnswerProps {
  verdict: Verdict | null;
  walking: Walking;
  pasted: string;
}

export function Answer({ verdict, walking, pasted }: AnswerProps): ReactElement {
  return (
    <section className={classes["answer"]} data-tone={toneOf(verdict)} aria-labelledby="why-answer">
      <div role="status" aria-live="polite">
        {verdict === null ? (
          <Group gap="sm">
            <Loader size="sm" type="dots" aria-hidden />
            <Title order={2} id="why-answer">
              {walking.isRunning ? "Looking for the reason …" : "Nothing was asked yet"}
            </Title>
          </Group>
        ) : (
          <Stack gap={8}>
            <Group gap="sm">
              <StatusBadge tone={toneOf(verdict)}>{words(verdict)}</StatusBadge>
              {verdict.id && (
                <Text size="sm" c="dimmed">
                  {verdict.id}
                </Text>
              )}
            </Group>
            <Title order={2} id="why-answer" className={classes["sentence"] ?? ""}>
              <Words>{verdict.sentence}</Words>
            </Title>
            <Text>
              <Words>{verdict.fix}</Words>
            </Text>
          </Stack>
        )}
      </div>
      {verdict && (
        <Stack gap="md" mt="md">
          {verdict.because.length > 0 && (
            <ul className={classes["because"]}>
              {verdict.because.map((each) => (
                <li key={each}>
                  <Words>{each}</Words>
                </li>
              ))}
            </ul>
          )}
          {verdict.alternatives.length > 0 && <Alternatives ids={verdict.alternatives} />}
          <Group gap="sm">
            <CopyButton
              label="Copy report"
              size="sm"
              text={() =>
                report({
                  ...walking,
                  at: new Date(),
                  page: location.origin,
                  agent: navigator.userAgent,
                  pasted,
                  verdict,
                })
              }
            />
            <Text size="sm" c="dimmed">
              No token is in it.
            </Text>
          </Group>
        </Stack>
      )}
    </section>
  );
}

function Alternatives({ ids }: { ids: string[] }): ReactElement {
  return (
    <div>
      <Text size="sm" fw={600}>
        What would look the same
      </Text>
      <ul className={classes["because"]}>
        {ids.map((id) => (
          <li key={id}>
            <Anchor component={Link} to={`/why/${id}`} size="sm">
              {explain(id)?.title ?? id}
            </Anchor>
          </li>
        ))}
      </ul>
    </div>
  );
}

function toneOf(verdict: Verdict | null): Tone {
  if (verdict === null) return "neutral";
  if (verdict.id === null && verdict.confidence === "certain") return "good";
  return verdict.confidence === "unsure" ? "warn" : "bad";
}

function words({ id, confidence }: Verdict): string {
  if (id === null && confidence === "certain") return "It works";
  if (confidence === "unsure") return "Cannot tell for sure";
  return confidence === "likely" ? "Very likely" : "Certain";
}
