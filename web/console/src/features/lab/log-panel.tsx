// What was said, newest last: filter, pause, look into a frame, take it away. Only what can be seen is
// in the page, and the page is told of new frames at most once for each picture it draws.

import { Button, Checkbox, Group, Menu, Text, TextInput } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  memo,
  type ReactElement,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Panel } from "../../ui/page.tsx";
import { Empty } from "../../ui/states.tsx";
import { COPY_FORMS, copyAs } from "./copy-as.ts";
import type { Dial } from "./dial.ts";
import type { LabProps } from "./dial-panel.tsx";
import {
  type Direction,
  ENTRIES_MAX,
  type FrameLog,
  type LogEntry,
  type LogFilter,
} from "./frame-log.ts";
import classes from "./lab.module.css";

const ROW_PX = 28;

/** Sizes are remembered by key: keys that come round again keep that memory bounded. */
const KEYS = 8_192;

export function LogPanel({ lab, state }: LabProps): ReactElement {
  const { log } = lab;
  const [selected, setSelected] = useState<LogEntry | null>(null);
  const [isPaused, setPaused] = useState(log.paused);
  return (
    <Panel
      flush
      title="Log"
      className={classes["logPanel"] ?? ""}
      actions={
        <>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              log.setPaused(!isPaused);
              setPaused(!isPaused);
            }}
          >
            {isPaused ? "Go on" : "Pause"}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              log.clear();
              setSelected(null);
            }}
          >
            Clear
          </Button>
          <TakeAway lab={lab} dial={state.dial} />
        </>
      }
    >
      <Filters log={log} />
      <Entries log={log} selected={selected} onSelect={setSelected} />
      {selected && <Detail entry={selected} onClose={() => setSelected(null)} />}
    </Panel>
  );
}

const DIRECTIONS: readonly { value: Direction; label: string }[] = [
  { value: "in", label: "Received" },
  { value: "out", label: "Sent" },
  { value: "note", label: "In words" },
];

const Filters = memo(function Filters({ log }: { log: FrameLog }): ReactElement {
  const [filter, setFilter] = useState(log.filter);
  const change = (next: LogFilter): void => {
    setFilter(next);
    log.setFilter(next);
  };
  return (
    <Group gap="md" px={20} pb={12} pt={4}>
      <TextInput
        aria-label="Filter the log"
        placeholder="Filter, such as order.updated"
        value={filter.text}
        onChange={(event) => change({ ...filter, text: event.currentTarget.value })}
        style={{ flex: "1 1 180px" }}
      />
      <Checkbox.Group
        aria-label="Which entries"
        value={[...filter.directions]}
        onChange={(directions) => change({ ...filter, directions: directions as Direction[] })}
      >
        <Group gap="md">
          {DIRECTIONS.map(({ value, label }) => (
            <Checkbox key={value} value={value} label={label} />
          ))}
        </Group>
      </Checkbox.Group>
      <Count log={log} />
    </Group>
  );
});

function Count({ log }: { log: FrameLog }): ReactElement {
  useSyncExternalStore(log.subscribe, log.version);
  const { length, shownLength, paused, hidden } = log;
  const count = length === shownLength ? `${length}` : `${shownLength} of ${length}`;
  return (
    <Text size="sm" c="dimmed" style={{ fontVariantNumeric: "tabular-nums" }}>
      {paused ? `Paused, ${hidden} new` : `${count} entries`}
      {length === ENTRIES_MAX && ", the newest"}
    </Text>
  );
}

interface EntriesProps {
  log: FrameLog;
  selected: LogEntry | null;
  onSelect: (entry: LogEntry) => void;
}

function Entries(props: EntriesProps): ReactElement {
  const { log } = props;
  useSyncExternalStore(log.subscribe, log.version);
  if (log.shownLength > 0) return <List {...props} />;
  return (
    <Empty title={log.length === 0 ? "Nothing was said yet" : "The filter hides every entry"}>
      {log.length === 0
        ? "Connect: every frame, and what happens to the connection, is told here in order."
        : `There are ${log.length} entries; change the filter to see them.`}
    </Empty>
  );
}

function List({ log, selected, onSelect }: EntriesProps): ReactElement {
  const version = useSyncExternalStore(log.subscribe, log.version);
  const scroller = useRef<HTMLDivElement>(null);
  /** Whether the newest is in sight, and is to stay so. */
  const follows = useRef(true);
  const stood = useRef(0);
  const count = log.shownLength;
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => (log.shown(index)?.seq ?? 0) % KEYS,
    overscan: 8,
    useFlushSync: false,
  });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (version > 0 && follows.current && element) element.scrollTop = element.scrollHeight;
  }, [version]);

  const look = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    // What grows below is no reason to stop; only who goes up wants to stay there.
    if (scrollHeight - scrollTop - clientHeight < 2 * ROW_PX) follows.current = true;
    else if (scrollTop < stood.current - 2) follows.current = false;
    stood.current = scrollTop;
  };

  const choose = (index: number): void => {
    const entry = log.shown(Math.min(Math.max(index, 0), count - 1));
    if (!entry) return;
    onSelect(entry);
    follows.current = false;
    rows.scrollToIndex(Math.min(Math.max(index, 0), count - 1));
  };

  const move = (event: KeyboardEvent): void => {
    const at = selected ? indexOf(log, selected) : count;
    const to = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - 15,
      PageDown: at + 15,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  };

  return (
    <div
      ref={scroller}
      className={classes["log"]}
      role="listbox"
      aria-label="Log, newest last"
      tabIndex={0}
      onScroll={look}
      onKeyDown={move}
      {...(selected && { "aria-activedescendant": idOf(selected) })}
    >
      <div role="presentation" className={classes["sizer"]} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const entry = log.shown(item.index);
          return entry ? (
            <Row
              key={item.key}
              entry={entry}
              index={item.index}
              start={item.start}
              isSelected={entry.seq === selected?.seq}
              measure={rows.measureElement}
              onSelect={onSelect}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

interface RowProps {
  entry: LogEntry;
  index: number;
  start: number;
  isSelected: boolean;
  measure: (element: HTMLElement | null) => void;
  onSelect: (entry: LogEntry) => void;
}

const ARROWS: Record<Direction, [sign: string, words: string]> = {
  in: ["↓", "received"],
  out: ["↑", "sent"],
  note: ["·", "note"],
};

const Row = memo(function Row({
  entry,
  index,
  start,
  isSelected,
  measure,
  onSelect,
}: RowProps): ReactElement {
  const { direction, at, bytes, kind, text } = entry;
  const [sign, words] = ARROWS[direction];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box around it has the keys
    // biome-ignore lint/a11y/useFocusableInteractive: the list box has the focus, and names this one
    <div
      id={idOf(entry)}
      // A frame has one line; only words can have more.
      {...(direction === "note" && { ref: measure })}
      role="option"
      aria-selected={isSelected}
      data-index={index}
      data-direction={direction}
      className={classes["row"]}
      style={{ transform: `translateY(${start}px)` }}
      onClick={() => onSelect(entry)}
    >
      <span className={classes["time"]}>{clock(at)}</span>
      <span className={classes["arrow"]} role="img" aria-label={words}>
        {sign}
      </span>
      {direction === "note" ? (
        <span className={classes["note"]}>{text}</span>
      ) : (
        <span className={classes["frame"]}>
          <span className={classes["kind"]}>{kind}</span>{" "}
          <span className={classes["text"]}>{text.slice(0, 240)}</span>
        </span>
      )}
      <span className={classes["size"]}>{direction === "note" ? "" : size(bytes)}</span>
    </div>
  );
});

function Detail({ entry, onClose }: { entry: LogEntry; onClose: () => void }): ReactElement {
  const text = pretty(entry);
  return (
    <section aria-label="The chosen entry">
      <Group gap="sm" px={20} py={10} style={{ borderTop: "1px solid var(--fd-line)" }}>
        <Text size="sm" fw={600} style={{ flex: 1 }}>
          {entry.kind}, {clock(entry.at)}
          {entry.direction === "note" ? "" : `, ${size(entry.bytes)} ${ARROWS[entry.direction][1]}`}
        </Text>
        <CopyButton text={text} label="Copy entry" />
        <Button size="compact-sm" variant="default" onClick={onClose}>
          Close
        </Button>
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keys */}
      <pre className={classes["detail"]} tabIndex={0}>
        {text}
      </pre>
    </section>
  );
}

const TakeAway = memo(function TakeAway({
  lab,
  dial,
}: Pick<LabProps, "lab"> & { dial: Dial | null }): ReactElement {
  const [outcome, setOutcome] = useState("");
  const copy = async (text: string): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("Copied");
    } catch {
      setOutcome("The browser refused");
    }
    setTimeout(() => setOutcome(""), 2_000);
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default">
          <span aria-live="polite">{outcome || "Take away"}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>The connection, with $TOKEN for the token</Menu.Label>
        {COPY_FORMS.map(({ form, label }) => (
          <Menu.Item
            key={form}
            disabled={dial === null}
            onClick={() => dial && void copy(copyAs(form, dial, location.origin))}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Label>The log</Menu.Label>
        <Menu.Item onClick={() => download(lab.log.toJsonLines())}>Export as JSON lines</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
});

function download(lines: string): void {
  const url = URL.createObjectURL(new Blob([lines], { type: "application/jsonl" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `frontdesk-log-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.jsonl`;
  link.click();
  // The browser reads it after the click has returned.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Where an entry stands now; entries move up as old ones make way. */
function indexOf(log: FrameLog, { seq }: LogEntry): number {
  let [low, high] = [0, log.shownLength];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log.shown(middle)?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function idOf({ seq }: LogEntry): string {
  return `frame-${seq}`;
}

function pretty({ direction, text }: LogEntry): string {
  if (direction === "note") return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function clock(at: number): string {
  const time = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  const millis = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${millis}`;
}

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`;
}
