// Many events: a member of staff changes orders, as fast as is wanted.

import { sleep } from "../harness.mjs";

/** Requests that are under way at once. */
const AT_ONCE = 12;

/** Changes the notes of orders, so often a second, by ordinary requests. */
export class Load {
  /** What was written, in order. */
  notes = [];
  #session;
  #orders;
  #perSecond;
  #runs = true;
  #done = Promise.resolve();
  #sent = 0;

  constructor(session, orders, perSecond) {
    this.#session = session;
    this.#orders = orders;
    this.#perSecond = perSecond;
  }

  start() {
    const began = Date.now();
    const due = () => ((Date.now() - began) / 1000) * this.#perSecond * 1.05;
    const work = async (lane) => {
      // Each order belongs to one lane, so that its versions follow each other.
      for (let turn = lane; this.#runs; turn = (turn + AT_ONCE) % this.#orders.length) {
        while (this.#runs && this.#sent > due()) await sleep(2);
        this.#sent += 1;
        const held = this.#orders[turn];
        const note = `change ${this.#sent}`;
        this.#orders[turn] = await this.#session.ask("PATCH", `/api/v1/orders/${held.id}`, { version: held.version, note });
        this.notes.push(note);
      }
    };
    this.#done = Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => work(lane)));
  }

  async stop() {
    this.#runs = false;
    await this.#done;
  }
}
