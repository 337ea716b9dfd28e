// The descriptions that the server serves, judged by others' tools: is /asyncapi.json AsyncAPI, and
// is every example in it what its schema says?

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { DiagnosticSeverity, Parser } from "@asyncapi/parser";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";

const read = (path) => readFile(new URL(`../../../docs/${path}`, import.meta.url), "utf8");
const text = await read("asyncapi.json");
const described = JSON.parse(text);

test("the description of the sockets is AsyncAPI 3.0 without a fault", async () => {
  const { document, diagnostics } = await new Parser().parse(text);
  const serious = [DiagnosticSeverity.Error, DiagnosticSeverity.Warning];
  const faults = diagnostics
    .filter((found) => serious.includes(found.severity))
    .map((found) => `${found.path.join("/")}: ${found.message}`);
  assert.deepEqual(faults, []);
  assert.equal(document.version(), "3.0.0");
  const addresses = document.allChannels().all().map((channel) => channel.address());
  assert.deepEqual(addresses.sort(), ["/api/v1/ws", "/ws/chat/{chat_id}"]);
});

test("a fault in the description of the sockets is found", async () => {
  const broken = structuredClone(described);
  broken.operations.ping.action = "listen";
  const { diagnostics } = await new Parser().parse(JSON.stringify(broken));
  assert.ok(diagnostics.some((found) => found.severity === DiagnosticSeverity.Error));
});

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema({ $id: "frames", components: { schemas: described.components.schemas } });

// A schema on its own, with the references that lead into the whole document.
const validator = (schema) =>
  ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"frames#/components')));

for (const [name, message] of Object.entries(described.components.messages)) {
  test(`the example of ${name} is what its schema says`, () => {
    const validate = validator(message.payload);
    assert.ok(message.examples.length > 0);
    for (const example of message.examples) {
      assert.ok(validate(example.payload), JSON.stringify(validate.errors));
    }
    assert.ok(!validate({ type: "another" }));
  });
}

test("the description of the HTTP interface is OpenAPI 3.1", async () => {
  const openapi = JSON.parse(await read("openapi.json"));
  assert.equal(openapi.openapi, "3.1.0");
  assert.ok(Object.keys(openapi.paths).length > 20);
});
