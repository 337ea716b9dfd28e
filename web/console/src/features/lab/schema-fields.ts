// From a schema to the fields of a form, and from what stands in them to a frame. It knows the subset
// of JSON Schema that the description of the sockets uses; what it does not know becomes a field for
// bare JSON, so nothing is out of reach.

import type { Schema } from "./tongue.ts";

interface FieldBase {
  name: string;
  label: string;
  help: string;
  required: boolean;
}

export type Field = FieldBase &
  (
    | { kind: "text"; pattern: string | null; example: string | null }
    | { kind: "number"; whole: boolean; minimum: number | null }
    | { kind: "switch"; initially: boolean }
    | { kind: "choice"; options: string[] }
    | { kind: "group"; fields: Field[] }
    | { kind: "json" }
  );

/** What stands in the fields, by name; a group has values of its own. */
export interface Values {
  [name: string]: string | boolean | Values | undefined;
}

/** A problem with what stands in a field, by its path such as `position.epoch`. */
export type Faults = Record<string, string>;

const UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

/** The fields of a frame. Its `type` is no field: it was chosen already. */
export function fieldsOf(schema: Schema, definitions: Record<string, Schema>): Field[] {
  const { properties = {}, required = [] } = resolved(schema, definitions);
  const fields = Object.entries(properties)
    .filter(([, property]) => resolved(property, definitions).const === undefined)
    .map(([name, property]) => field(name, property, required.includes(name), definitions));
  // What must be filled in stands on top, the rest as the description has it.
  return [...fields.filter((each) => each.required), ...fields.filter((each) => !each.required)];
}

function field(
  name: string,
  property: Schema,
  required: boolean,
  definitions: Record<string, Schema>,
): Field {
  const schema = resolved(property, definitions);
  const base = {
    name,
    label: name,
    help: property.description ?? schema.description ?? "",
    required,
  };
  const { type, pattern = null, minimum = null } = schema;
  if (schema.enum) return { ...base, kind: "choice", options: schema.enum.map(String) };
  if (type === "string") {
    return schema.format === "uuid"
      ? { ...base, kind: "text", pattern: UUID, example: "a UUID" }
      : { ...base, kind: "text", pattern, example: null };
  }
  if (type === "integer" || type === "number")
    return { ...base, kind: "number", whole: type === "integer", minimum };
  if (type === "boolean") return { ...base, kind: "switch", initially: schema.default !== false };
  if (type === "object" && schema.properties)
    return { ...base, kind: "group", fields: fieldsOf(schema, definitions) };
  return { ...base, kind: "json" };
}

/** Follows a reference; of several possibilities the first is offered. */
function resolved(schema: Schema, definitions: Record<string, Schema>): Schema {
  const only = schema.$ref
    ? definitions[schema.$ref.replace("#/components/schemas/", "")]
    : (schema.allOf?.[0] ?? schema.anyOf?.find(({ type }) => type !== "null"));
  if (!only) return schema;
  const { $ref: _, allOf: __, anyOf: ___, ...own } = schema;
  return { ...resolved(only, definitions), ...own };
}

/** The frame that the fields make, or what is wrong with them. */
export function compose(
  type: string,
  fields: readonly Field[],
  values: Values,
): { frame: Record<string, unknown>; faults: null } | { frame: null; faults: Faults } {
  const faults: Faults = {};
  const frame = { type, ...members(fields, values, "", faults) };
  return Object.keys(faults).length > 0 ? { frame: null, faults } : { frame, faults: null };
}

function members(
  fields: readonly Field[],
  values: Values,
  path: string,
  faults: Faults,
): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const each of fields) {
    const value = values[each.name];
    const isEmpty =
      value === undefined || value === "" || (each.kind === "group" && !hasAny(value));
    // A switch always says something once its field must be there.
    if (isEmpty && !(each.kind === "switch" && each.required)) {
      if (each.required) faults[path + each.name] = `${each.label} is missing`;
      continue;
    }
    const member = read(each, value, path, faults);
    if (member !== undefined) made[each.name] = member;
  }
  return made;
}

function hasAny(value: Values[string]): boolean {
  if (typeof value !== "object") return false;
  return Object.values(value).some((member) =>
    typeof member === "object" ? hasAny(member) : member !== undefined && member !== "",
  );
}

function read(field: Field, value: Values[string], path: string, faults: Faults): unknown {
  const fault = (text: string): undefined => {
    faults[path + field.name] = text;
    return undefined;
  };
  switch (field.kind) {
    case "group":
      return members(field.fields, value as Values, `${path}${field.name}.`, faults);
    case "switch":
      return value ?? field.initially;
    case "choice":
      return field.options.includes(String(value))
        ? value
        : fault(`${field.label} is \`${value}\`, expected one of ${field.options.join(", ")}`);
    case "number": {
      const number = Number(value);
      if (!Number.isFinite(number) || (field.whole && !Number.isSafeInteger(number)))
        return fault(
          `${field.label} is \`${value}\`, expected a ${field.whole ? "whole " : ""}number`,
        );
      if (field.minimum !== null && number < field.minimum)
        return fault(`${field.label} is ${number}, expected ${field.minimum} or more`);
      return number;
    }
    case "json":
      try {
        return JSON.parse(String(value)) as unknown;
      } catch (error) {
        return fault(`${field.label} is not JSON: ${(error as Error).message}`);
      }
    case "text":
      // A wrong value may be just what one wants to try; the raw frame is there for that.
      return field.pattern === null || new RegExp(field.pattern).test(String(value))
        ? value
        : fault(`${field.label} is \`${String(value).slice(0, 60)}\`, expected ${shape(field)}`);
  }
}

function shape({ name, pattern, example }: Extract<Field, { kind: "text" }>): string {
  if (example !== null) return example;
  if (name === "channel") return "staff, user:<id> or chat:<id>";
  return `a text like ${pattern}`;
}
