// Where to connect to, how to prove who one is, and how the connection is now.

import {
  Autocomplete,
  Button,
  Group,
  PasswordInput,
  SegmentedControl,
  Select,
  Text,
} from "@mantine/core";
import { type FormEvent, type ReactElement, useState } from "react";
import { Panel } from "../../ui/page.tsx";
import { StatusBadge, type Tone } from "../../ui/status-badge.tsx";
import { useNow } from "../../ui/use-now.ts";
import { addressFault, CARRIES, type Carry, type Dial, isOwn, presets } from "./dial.ts";
import classes from "./lab.module.css";
import type { LabSession, LabState } from "./lab-session.ts";
import { seconds } from "./tracker.ts";

export interface LabProps {
  lab: LabSession;
  state: LabState;
}

export function DialPanel({ lab, state }: LabProps): ReactElement {
  const sockets = presets(location.origin);
  const [mode, setMode] = useState<Dial["mode"]>("raw");
  const [url, setUrl] = useState(sockets[0]?.url ?? "");
  const [carry, setCarry] = useState<Carry>("first-frame");
  const [own, setOwn] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const isUp = state.status !== "idle" && state.status !== "closed";
  // The client carries its token in the first frame and nowhere else.
  const carries =
    mode === "client" ? CARRIES.filter(({ value }) => value.endsWith("first-frame")) : CARRIES;
  const held = carries.some(({ value }) => value === carry) ? carry : "first-frame";

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (isUp) {
      lab.disconnect();
      return;
    }
    const isOtherSocket = mode === "client" && /\/ws\/(chat|echo)/.test(url);
    const wrong = isOtherSocket
      ? "the client lives on the event socket; use raw frames for the others"
      : addressFault(url);
    setFault(wrong);
    if (wrong === null) lab.connect({ mode, url, carry: held, own });
  };

  return (
    <Panel title="Connection" actions={<StatusOf state={state} />}>
      <form onSubmit={submit}>
        <Group gap="md" align="stretch" style={{ flexDirection: "column" }}>
          <SegmentedControl
            aria-label="How to speak"
            fullWidth
            value={mode}
            onChange={(value) => setMode(value as Dial["mode"])}
            data={[
              { value: "raw", label: "Raw frames" },
              { value: "client", label: "As the client does" },
            ]}
            readOnly={isUp}
          />
          <Autocomplete
            label="Address"
            value={url}
            onChange={setUrl}
            data={sockets.map((socket) => socket.url)}
            renderOption={({ option }) => (
              <div>
                <Text size="sm">
                  {sockets.find((socket) => socket.url === option.value)?.label}
                </Text>
                <Text size="xs" c="dimmed">
                  {option.value}
                </Text>
              </div>
            )}
            filter={({ options }) => options}
            error={fault}
            readOnly={isUp}
            spellCheck={false}
          />
          <Select
            label="Token"
            value={held}
            onChange={(value) => value !== null && setCarry(value as Carry)}
            data={carries.map((each) => ({ ...each }))}
            allowDeselect={false}
            readOnly={isUp}
          />
          {isOwn(held) && (
            <PasswordInput
              label="Your token"
              description="Try test, undefined or an old one. It stays in this page's memory."
              value={own}
              onChange={(event) => setOwn(event.currentTarget.value)}
              autoComplete="off"
              readOnly={isUp}
            />
          )}
          <Text size="sm" c="dimmed">
            The browser sends <code>Origin: {location.origin}</code>; a page cannot change that.
          </Text>
          <Group gap="sm">
            <Button type="submit" variant={isUp ? "default" : "filled"}>
              {isUp ? "Disconnect" : "Connect"}
            </Button>
            {state.status === "welcomed" && (
              <Button variant="default" onClick={() => lab.ping()}>
                Measure round trip
              </Button>
            )}
          </Group>
        </Group>
      </form>
      {isUp && <Facts state={state} />}
    </Panel>
  );
}

const WORDS: Record<LabState["status"], [words: string, tone: Tone]> = {
  idle: ["Not connected", "neutral"],
  token: ["Fetching a token", "warn"],
  opening: ["Opening", "warn"],
  open: ["Open", "accent"],
  welcomed: ["Connected", "good"],
  away: ["Cut off", "bad"],
  closed: ["Closed", "neutral"],
};

function StatusOf({ state: { status } }: { state: LabState }): ReactElement {
  const [words, tone] = WORDS[status];
  return (
    <span role="status">
      <StatusBadge tone={tone}>{words}</StatusBadge>
    </span>
  );
}

function Facts({ state: { story, backAt } }: { state: LabState }): ReactElement {
  const now = useNow(500);
  const { user, roundTripMs, heartbeats, heartbeatSeconds, lastHeartbeatAt, expiresAt } = story;
  const beat =
    lastHeartbeatAt === null
      ? `every ${heartbeatSeconds ?? "…"} s`
      : `${seconds(Math.max(0, now - lastHeartbeatAt))} ago`;
  const facts: [name: string, value: string][] = [
    ["Known as", user ? `${user.name}, ${user.role}` : "nobody yet"],
    ["Round trip", roundTripMs === null ? "not measured" : `${Math.max(1, roundTripMs)} ms`],
    ["Heartbeats", `${heartbeats}, ${beat}`],
    ["Token ends", expiresAt === null ? "no token yet" : inTime(expiresAt - now)],
    ...(backAt === null ? [] : ([["Network back", inTime(backAt - now)]] as [string, string][])),
  ];
  return (
    <dl className={classes["facts"]}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function inTime(milliseconds: number): string {
  const whole = Math.ceil(milliseconds / 1000);
  if (whole < 0) return `${-whole} s ago`;
  return whole < 90 ? `in ${whole} s` : `in ${Math.floor(whole / 60)} min ${whole % 60} s`;
}
