// Parts of a page that do not fit beside each other. The buttons only choose; the page shows.

import type { ReactElement } from "react";
import classes from "./tabs.module.css";

export interface TabsProps<Value extends string> {
  /** What the tabs are, read out. */
  label: string;
  tabs: readonly { value: Value; label: string }[];
  value: Value;
  onChange: (value: Value) => void;
}

export function Tabs<Value extends string>({
  label,
  tabs,
  value,
  onChange,
}: TabsProps<Value>): ReactElement {
  return (
    <nav aria-label={label} className={classes["tabs"]}>
      {tabs.map((tab) => (
        <button
          key={tab.value}
          type="button"
          className={classes["tab"]}
          aria-current={tab.value === value ? "true" : undefined}
          onClick={() => onChange(tab.value)}
        >
          {tab.label}
        </button>
      ))}
    </nav>
  );
}
