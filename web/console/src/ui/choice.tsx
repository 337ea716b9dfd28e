// One of several, as tiles. Native radio buttons, so that the arrow keys work as they do everywhere.

import { type ReactElement, type ReactNode, useId } from "react";
import classes from "./choice.module.css";

export interface Option<Value extends string> {
  value: Value;
  label: ReactNode;
  /** Why it cannot be chosen; it is shown and read out. */
  blocked?: string | undefined;
}

export interface ChoiceProps<Value extends string> {
  legend: string;
  /** Read out, and not shown. */
  hideLegend?: boolean;
  options: readonly Option<Value>[];
  value: Value | null;
  onChange: (value: Value) => void;
  /** The least width of a tile, in pixels. */
  tile?: number;
}

export function Choice<Value extends string>({
  legend,
  hideLegend,
  options,
  value,
  onChange,
  tile = 96,
}: ChoiceProps<Value>): ReactElement {
  const name = useId();
  return (
    <fieldset className={classes["group"]}>
      <legend className={hideLegend ? classes["hidden"] : classes["legend"]}>{legend}</legend>
      <div
        className={classes["tiles"]}
        style={{ gridTemplateColumns: `repeat(auto-fill, minmax(${tile}px, 1fr))` }}
      >
        {options.map((option) => (
          <label key={option.value} className={classes["tile"]} title={option.blocked}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.blocked !== undefined}
              onChange={() => onChange(option.value)}
            />
            <span>
              {option.label}
              {option.blocked && <small>{option.blocked}</small>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
