// The bot: who answers, what it says, and a box to try it.

import { Code, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactElement } from "react";
import { troubleOf } from "../../../session/trouble.ts";
import { Panel } from "../../../ui/page.tsx";
import { Loading, TroubleNotice } from "../../../ui/states.tsx";
import { FaqEditor } from "./faq-editor.tsx";
import { type BotSettings, useBotSettings } from "./queries.ts";
import { TryBox } from "./try-box.tsx";

export function Bot(): ReactElement {
  const { data, error, isPending, refetch } = useBotSettings();
  if (isPending) return <Loading what="the bot" />;
  if (error !== null) {
    const { sentence, fix } = troubleOf(error);
    return <TroubleNotice sentence={sentence} fix={fix} onRetry={() => void refetch()} />;
  }
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <FaqEditor settings={data} />
      <Stack gap="lg">
        <WhoAnswers settings={data} />
        <TryBox off={data.kind === "off"} />
      </Stack>
    </SimpleGrid>
  );
}

function WhoAnswers({ settings }: { settings: BotSettings }): ReactElement {
  const { kind, model, base_url, faq } = settings;
  return (
    <Panel title="Who answers">
      <Text>
        {kind === "off" && "Nobody: new chats wait for a person."}
        {kind === "desk" &&
          "The desk bot: from the customer’s orders and bookings, and the answers here."}
        {kind === "openai" && (
          <>
            The model <Code>{model}</Code> at <Code>{base_url}</Code>, which is told these answers.
          </>
        )}
      </Text>
      <Text size="sm" c="dimmed">
        <Code>bot.kind</Code> is <Code>{kind}</Code>. The answers are kept in{" "}
        <Code>{faq.file}</Code>
        {faq.written ? "." : ", which is not written yet: what you see comes with the program."}
      </Text>
      {faq.problem && (
        <TroubleNotice
          sentence={`The file is not used: ${faq.problem}.`}
          fix="Save the answers here to write it anew, or mend it by hand."
        />
      )}
    </Panel>
  );
}
