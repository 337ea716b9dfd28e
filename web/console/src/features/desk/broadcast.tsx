// Tells something to one person, or to everyone with a role. The result is told.

import {
  Button,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactElement, useContext, useState } from "react";
import { useSession } from "../../session/session-provider.tsx";
import { type Trouble, troubleOf } from "../../session/trouble.ts";
import { Panel } from "../../ui/page.tsx";
import { TroubleNotice } from "../../ui/states.tsx";
import { HeadingLevel } from "./heading.tsx";
import { people } from "./people.ts";
import { emptyNotice, type Notice, ROLES, sendNotice, sentWords } from "./notify.ts";

export function Broadcast(): ReactElement {
  const { rest } = useSession();
  const [notice, setNotice] = useState<Notice>(emptyNotice);
  const [sent, setSent] = useState("");
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const [busy, setBusy] = useState(false);
  const toOne = notice.to === "one";
  const everyone = useQuery({
    queryKey: ["desk", "people"],
    queryFn: ({ signal }) => people(rest, signal),
    enabled: toOne,
  });
  const change = (part: Partial<Notice>): void => setNotice((held) => ({ ...held, ...part }));

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setSent("");
    setTrouble(null);
    try {
      const recipients = await sendNotice(rest, notice);
      const name = everyone.data?.find(({ id }) => id === notice.userId)?.name;
      setSent(sentWords(notice, recipients, name));
      setNotice((held) => ({ ...held, title: "", body: "", link: "" }));
    } catch (problem) {
      setTrouble(troubleOf(problem));
    } finally {
      setBusy(false);
    }
  };

  const wrong = (field: string): { error?: string } => {
    const message = trouble?.fields[field];
    return message === undefined ? {} : { error: message };
  };
  return (
    <Panel title="Send a notification" order={useContext(HeadingLevel)}>
      <form onSubmit={(event) => void submit(event)} aria-label="Notification">
        <Stack gap="md" maw={560}>
          <SegmentedControl
            aria-label="To whom"
            value={toOne ? "one" : "role"}
            onChange={(value) => change({ to: value === "one" ? "one" : "customer" })}
            data={[
              { value: "role", label: "Everyone with a role" },
              { value: "one", label: "One person" },
            ]}
          />
          {toOne ? (
            <Select
              label="Person"
              placeholder={everyone.isPending ? "Looking for them …" : "Name or address"}
              searchable
              limit={30}
              nothingFoundMessage="No account has this name or address."
              data={
                everyone.data?.map(({ id, name, email }) => ({
                  value: id,
                  label: `${name} (${email})`,
                })) ?? []
              }
              value={notice.userId}
              onChange={(userId) => change({ userId })}
              {...wrong("user_id")}
              {...(everyone.error !== null && { error: troubleOf(everyone.error).sentence })}
            />
          ) : (
            <Select
              label="Role"
              allowDeselect={false}
              data={ROLES}
              value={notice.to}
              onChange={(to) => to !== null && change({ to: to as Notice["to"] })}
              {...wrong("role")}
            />
          )}
          <TextInput
            label="Title"
            required
            maxLength={200}
            value={notice.title}
            onChange={(event) => change({ title: event.currentTarget.value })}
            {...wrong("title")}
          />
          <Textarea
            label="Text"
            required
            autosize
            minRows={2}
            maxRows={8}
            maxLength={2_000}
            value={notice.body}
            onChange={(event) => change({ body: event.currentTarget.value })}
            {...wrong("body")}
          />
          <TextInput
            label="Link (optional)"
            description="A path of your page, such as /customer."
            value={notice.link}
            onChange={(event) => change({ link: event.currentTarget.value })}
            {...wrong("link")}
          />
          {trouble !== null && Object.keys(trouble.fields).length === 0 && (
            <TroubleNotice sentence={trouble.sentence} fix={trouble.fix} />
          )}
          <Group gap="md">
            <Button type="submit" loading={busy} disabled={toOne && notice.userId === null}>
              Send
            </Button>
            <Text role="status" size="sm" c="var(--fd-good-text)">
              {sent}
            </Text>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
