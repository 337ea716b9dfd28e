// What happens between a customer and the desk, besides orders: the chat, a booking, the bell.

import assert from "node:assert/strict";
import { live, open, timed, within } from "./page.mjs";

const LIVE_MS = 1_000;

export function customerPlays(stage, server) {
  return [
    ["a chat: the bot answers, a person takes over, and both read each other live", chat],
    ["a booking that collides with another is explained, and another time is found", booking],
    ["a notification of the desk rings the customer's bell", bell],
  ];

  async function chat() {
    const [ana, ben] = await Promise.all([server.customer("Ana Asks"), server.staff("Ben Answers")]);
    const [customer, desk] = await Promise.all([
      open(stage, server, "/customer", { session: ana }),
      open(stage, server, "/desk", { session: ben }),
    ]);
    await Promise.all([live(customer.page), live(desk.page)]);
    const said = customer.page.getByRole("log", { name: "Messages" });
    await customer.page.getByRole("button", { name: "What are your opening hours?" }).click();
    const answer = said.getByRole("listitem").nth(1);
    await answer.waitFor();
    assert.match(await answer.innerText(), /open|hours/i);

    // Markup that somebody writes is text.
    const markup = '<img src=x onerror="document.title=1"> <b>Hello?</b>';
    const message = customer.page.getByLabel("Your message");
    await message.fill(markup);
    await message.press("Enter");
    await said.getByText(markup).waitFor();
    await said.getByRole("group", { name: "Choices" }).last().getByRole("button", { name: "Talk to a person" }).click();
    await customer.page.getByRole("button", { name: "A person was asked" }).waitFor();

    await desk.page.getByRole("tab", { name: /^Chats .*waiting$/ }).click();
    await desk.page.getByRole("navigation", { name: "Chats" }).getByRole("button", { name: /Ana Asks/ }).click();
    const thread = desk.page.getByRole("region", { name: "Chat with Ana Asks" });
    await thread.getByText(markup).waitFor();
    await thread.getByRole("button", { name: "Take over" }).click();
    await customer.page.getByText(/Ben Answers/).first().waitFor();
    const reply = thread.getByLabel("Your reply");
    await reply.fill("Good day");
    await customer.page.getByText("Ben Answers is writing").waitFor();
    await within(LIVE_MS, async (count) => {
      await reply.fill(`Good day, Ben here, for the ${count}.`);
      return timed(said, `Ben here, for the ${count}.`, thread.getByRole("button", { name: "Send" }));
    });
    const read = thread.getByRole("list", { name: "Messages" });
    await within(LIVE_MS, async (count) => {
      await message.fill(`Thank you, ${count}!`);
      return timed(read, `Thank you, ${count}!`, message, () => message.press("Enter"));
    });
    await said.getByRole("listitem").filter({ hasText: "Thank you, 1!" }).getByText("Seen").waitFor();
    for (const { page, complaints } of [customer, desk]) {
      assert.equal(await page.locator("li img, li b").count(), 0, "a message became markup");
      assert.deepEqual(complaints, []);
    }
    await Promise.all([customer.context.close(), desk.context.close()]);
  }

  async function booking() {
    const [ana, carl, staff] = await Promise.all([server.customer("Ana Books"), server.customer("Carl Came first"), server.staff()]);
    const admin = await server.admin();
    const table = await admin.ask("POST", "/api/v1/resources", { name: "Table by the door", kind: "table", capacity: 4 });
    const tomorrow = new Date();
    tomorrow.setDate(tomorrow.getDate() + 1);
    tomorrow.setHours(14, 0, 0, 0);
    const ends = new Date(tomorrow.getTime() + 3_600_000);
    const taken = await carl.ask("POST", "/api/v1/bookings", { resource_id: table.id, starts_at: tomorrow, ends_at: ends, party_size: 2, note: "" });
    await staff.ask("PATCH", `/api/v1/bookings/${taken.id}`, { version: taken.version, status: "confirmed" });

    const { page, context, complaints } = await open(stage, server, "/customer", { session: ana });
    await live(page);
    await page.getByRole("button", { name: "New booking" }).click();
    const form = page.getByRole("form", { name: "New booking" });
    await form.getByRole("radio", { name: /^Table by the door/ }).check();
    const at = (hours) => {
      const time = new Date(tomorrow);
      time.setHours(hours);
      return page.evaluate((when) => new Date(when).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" }), time.getTime());
    };
    const choose = async (hours) => form.getByRole("radio", { name: await at(hours) }).check();
    await choose(14);
    await form.getByRole("button", { name: /^Ask for/ }).click();
    await form.getByRole("alert").getByText(/^Table by the door is already booked/).waitFor();
    assert.deepEqual(complaints.filter((line) => !line.includes("409")), []);
    await choose(16);
    await form.getByRole("button", { name: /^Ask for/ }).click();
    const asked = page.getByRole("article", { name: /^Booking: Table by the door/ });
    await asked.getByText("Requested").waitFor();
    const { items } = await ana.ask("GET", "/api/v1/bookings");
    await staff.ask("PATCH", `/api/v1/bookings/${items[0].id}`, { version: items[0].version, status: "confirmed" });
    await asked.getByText("Confirmed. See you then!").waitFor();
    await context.close();
  }

  async function bell() {
    const [ana, ben] = await Promise.all([server.customer("Ana Hears"), server.staff("Ben Tells")]);
    const [customer, desk] = await Promise.all([
      open(stage, server, "/customer", { session: ana }),
      open(stage, server, "/desk", { session: ben }),
    ]);
    await Promise.all([live(customer.page), live(desk.page)]);
    await customer.page.getByRole("button", { name: "Notifications", exact: true }).waitFor();
    await desk.page.getByRole("tab", { name: "Notify" }).click();
    const form = desk.page.getByRole("form", { name: "Notification" });
    await form.getByText("One person").click();
    await form.getByRole("combobox", { name: "Person" }).fill("Ana Hears");
    await desk.page.getByRole("option", { name: /Ana Hears/ }).click();
    await form.getByLabel("Title").fill("The kitchen closes early");
    await form.getByLabel("Text").fill("At eight, for once.");
    await form.getByRole("button", { name: "Send" }).click();
    await form.getByRole("status").getByText(/Ana Hears/).waitFor();
    await customer.page.getByRole("button", { name: "Notifications, 1 unread" }).click();
    await customer.page.getByRole("button", { name: /The kitchen closes early/ }).click();
    await customer.page.getByRole("button", { name: "Notifications", exact: true }).waitFor();
    for (const { complaints } of [customer, desk]) assert.deepEqual(complaints, []);
    await Promise.all([customer.context.close(), desk.context.close()]);
  }
}
