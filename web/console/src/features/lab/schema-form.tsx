// A form made from the fields of a schema.

import { Autocomplete, JsonInput, NumberInput, Select, Stack, Switch } from "@mantine/core";
import type { ReactElement } from "react";
import { Words } from "../../ui/words.tsx";
import classes from "./lab.module.css";
import type { Faults, Field, Values } from "./schema-fields.ts";

export interface SchemaFormProps {
  fields: readonly Field[];
  values: Values;
  faults: Faults;
  /** What can stand in a text field, by its name. */
  suggestions: Record<string, string[]>;
  onChange: (values: Values) => void;
  /** Before the names of fields in `faults`, such as `position.`. */
  path?: string;
}

export function SchemaForm({
  fields,
  values,
  faults,
  suggestions,
  onChange,
  path = "",
}: SchemaFormProps): ReactElement {
  return (
    <Stack gap="sm">
      {fields.map((field) => {
        const set = (value: Values[string]): void => onChange({ ...values, [field.name]: value });
        const value = values[field.name];
        if (field.kind === "group") {
          return (
            <fieldset key={field.name} className={classes["group"]}>
              <legend>
                {field.label}
                {field.required ? "" : " (may be left out)"}
              </legend>
              <SchemaForm
                fields={field.fields}
                values={typeof value === "object" ? value : {}}
                faults={faults}
                suggestions={suggestions}
                onChange={set}
                path={`${path}${field.name}.`}
              />
            </fieldset>
          );
        }
        return (
          <OneField
            key={field.name}
            field={field}
            value={value}
            fault={faults[path + field.name] ?? null}
            suggestions={suggestions[field.name] ?? []}
            onChange={set}
          />
        );
      })}
    </Stack>
  );
}

interface OneFieldProps {
  field: Exclude<Field, { kind: "group" }>;
  value: Values[string];
  fault: string | null;
  suggestions: string[];
  onChange: (value: string | boolean) => void;
}

function OneField({ field, value, fault, suggestions, onChange }: OneFieldProps): ReactElement {
  const shared = {
    label: field.label,
    description: field.help === "" ? null : <Words>{field.help}</Words>,
    error: fault,
    withAsterisk: field.required,
  };
  const text = typeof value === "string" ? value : "";
  switch (field.kind) {
    case "switch":
      return (
        <Switch
          label={field.label}
          description={shared.description}
          checked={typeof value === "boolean" ? value : field.initially}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          {...shared}
          value={text === "" ? null : text}
          onChange={(chosen) => onChange(chosen ?? "")}
          data={field.options}
          clearable={!field.required}
        />
      );
    case "number":
      return (
        <NumberInput
          {...shared}
          value={text}
          onChange={(number) => onChange(String(number))}
          allowDecimal={!field.whole}
        />
      );
    case "json":
      return (
        <JsonInput
          {...shared}
          value={text}
          onChange={onChange}
          placeholder="{}"
          autosize
          minRows={2}
          maxRows={10}
        />
      );
    case "text":
      return (
        <Autocomplete
          {...shared}
          value={text}
          onChange={onChange}
          data={suggestions}
          spellCheck={false}
          placeholder={placeholder(field)}
        />
      );
  }
}

/** What is put in by itself when a field stays empty. */
function placeholder({ name }: { name: string }): string {
  if (name === "id") return "counts up by itself";
  return name === "token" ? "a fresh one" : "";
}
