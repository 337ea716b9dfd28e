import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { compose, fieldsOf } from "../src/features/lab/schema-fields.ts";
import { readTongue, type Tongue } from "../src/features/lab/tongue.ts";

/** The description that the server itself gives. */
const tongue: Tongue = readTongue(
  JSON.parse(readFileSync(join(import.meta.dirname, "../../../docs/asyncapi.json"), "utf8")),
);

function fields(name: string, of = tongue.events) {
  const command = of.find((each) => each.name === name);
  if (!command) throw new Error(`the description has no command ${name}`);
  return fieldsOf(command.schema, tongue.definitions);
}

it("knows every command of both sockets, and the close codes", () => {
  const types = tongue.events.map(({ type }) => type).sort();
  expect(types).toEqual(
    expect.arrayContaining([
      "choose_action",
      "connect",
      "mark_read",
      "ping",
      "refresh",
      "send_message",
      "stop_message",
      "subscribe",
      "typing",
      "unsubscribe",
    ]),
  );
  expect(
    tongue.chat
      .slice(0, 2)
      .map(({ type }) => type)
      .sort(),
  ).toEqual(["message", "typing"]);
  expect(tongue.closeCodes.find(({ code }) => code === 4502)?.slug).toBe("token_malformed");
});

it("makes every command of the description a form whose example composes", () => {
  for (const command of [...tongue.events, ...tongue.chat]) {
    const made = fieldsOf(command.schema, tongue.definitions);
    const { type: _, ...values } = command.example ?? {};
    const texts = JSON.parse(
      JSON.stringify(values, (_key, value) => (typeof value === "number" ? String(value) : value)),
    );
    if (texts.resume) texts.resume = JSON.stringify(texts.resume);
    const { frame, faults } = compose(command.type, made, texts);
    expect(faults, command.name).toBeNull();
    expect(frame?.["type"]).toBe(command.type);
  }
});

it("puts what must be there first, and reads nested positions", () => {
  const made = fields("subscribe");
  expect(made.map(({ name, required, kind }) => [name, required, kind])).toEqual([
    ["channel", true, "text"],
    ["id", false, "text"],
    ["position", false, "group"],
  ]);
  const position = { epoch: "0190a000-0000-7000-8000-000000000001", offset: "12" };
  expect(compose("subscribe", made, { channel: "staff", position }).frame).toEqual({
    type: "subscribe",
    channel: "staff",
    position: { ...position, offset: 12 },
  });
});

it("leaves out what was left empty, and an empty group", () => {
  expect(
    compose("subscribe", fields("subscribe"), { channel: "staff", id: "", position: {} }).frame,
  ).toEqual({
    type: "subscribe",
    channel: "staff",
  });
});

it("names each wrong field with what was found and expected", () => {
  const { faults } = compose("subscribe", fields("subscribe"), {
    channel: "room:1",
    position: { epoch: "x", offset: "-1" },
  });
  expect(faults).toEqual({
    channel: "channel is `room:1`, expected staff, user:<id> or chat:<id>",
    "position.epoch": "epoch is `x`, expected a UUID",
    "position.offset": "offset is -1, expected 0 or more",
  });
  expect(compose("connect", fields("connect"), { resume: "{" }).faults).toMatchObject({
    token: "token is missing",
    resume: expect.stringContaining("is not JSON"),
  });
});

it("a switch says what its schema says until it is touched", () => {
  const typing = fields("chat.command.typing", tongue.chat);
  expect(compose("typing", typing, {}).frame).toEqual({ type: "typing" });
  expect(compose("typing", typing, { active: false }).frame).toEqual({
    type: "typing",
    active: false,
  });
  const required = fields("typing");
  const chat_id = "0190a000-0000-7000-8000-0000000000c1";
  expect(compose("typing", required, { chat_id }).frame).toEqual({
    type: "typing",
    chat_id,
    active: true,
  });
});

it("refuses the description of something else", () => {
  expect(() => readTongue({})).toThrow("no description");
});
