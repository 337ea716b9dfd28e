// The questions, one after the other, and what came of each.

import { Button, Group, PasswordInput, Text, TextInput } from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import type { Walking } from "./use-walk.ts";
import type { Step } from "./walk.ts";
import classes from "./why.module.css";

export function WalkPanel({ walking }: { walking: Walking }): ReactElement {
  const [address, setAddress] = useState(location.origin);
  const [token, setToken] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const { url, carried } = withoutToken(withScheme(address.trim()));
    // Chromium takes a name with spaces in it, and then asks for it.
    const isAddress = url === "" || (URL.canParse(url) && !/\s/.test(url));
    setFault(
      isAddress ? null : `\`${address}\` is no address; write one such as http://localhost:8000`,
    );
    const given = token.trim() === "" ? carried : token.trim();
    if (isAddress) walking.start({ address: url || location.origin, token: given });
  };
  return (
    <Panel title="From this page">
      <form onSubmit={submit} autoComplete="off">
        <Group gap="sm" align="flex-end">
          <TextInput
            label="Server or socket"
            description="As your page names it, such as ws://localhost:8000/ws/chat/42"
            value={address}
            onChange={(event) => setAddress(event.currentTarget.value)}
            spellCheck={false}
            error={fault}
            style={{ flex: "1 1 260px" }}
          />
          <PasswordInput
            label="Token, if you have one"
            description="What your page sends; kept in memory only"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            autoComplete="off"
            style={{ flex: "1 1 180px" }}
          />
          <Button type="submit" loading={walking.isRunning}>
            Try to connect
          </Button>
        </Group>
      </form>
      <ol className={classes["steps"]}>
        {walking.steps.map((step) => (
          <OneStep key={step.id} step={step} />
        ))}
      </ol>
    </Panel>
  );
}

const SIGNS: Record<Step["state"], [sign: string, words: string]> = {
  waiting: ["○", "not asked yet"],
  asking: ["…", "being asked"],
  good: ["✓", "well"],
  bad: ["✗", "failed"],
  // What is unknown must look different from what has failed.
  unclear: ["?", "unclear"],
  skipped: ["–", "left out"],
};

function OneStep({ step: { title, state, says, ms } }: { step: Step }): ReactElement {
  const [sign, words] = SIGNS[state];
  return (
    <li className={classes["step"]} data-state={state}>
      <span className={classes["sign"]} role="img" aria-label={words}>
        {sign}
      </span>
      <div>
        <Text size="sm" span className={classes["stepTitle"] ?? ""}>
          {title}
        </Text>
        {says !== "" && (
          <Text size="sm" c="dimmed">
            {says}
          </Text>
        )}
      </div>
      <Text size="sm" c="dimmed" className={classes["ms"] ?? ""}>
        {ms !== null ? `${ms} ms` : state === "skipped" && says === "" ? "not needed" : ""}
      </Text>
    </li>
  );
}

/** `localhost:8000` is how people say it. */
function withScheme(address: string): string {
  return address === "" || /^[a-z]+:\/\//i.test(address) ? address : `http://${address}`;
}

/** A token in the address is taken out of it: the try sends it, and no report shows it. */
function withoutToken(address: string): { url: string; carried: string | null } {
  const [, before = address, query = ""] = /^([^?]*)\?(.*)$/.exec(address) ?? [];
  const parameters = new URLSearchParams(query);
  const carried = parameters.get("token");
  parameters.delete("token");
  const rest = parameters.toString();
  return { url: rest === "" ? before : `${before}?${rest}`, carried };
}
