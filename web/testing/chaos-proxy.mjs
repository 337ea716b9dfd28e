// A TCP proxy that is as bad as a network can be. It knows no HTTP and no frames, only bytes.

import { createServer, connect } from "node:net";

/** @import { Socket, AddressInfo } from "node:net" */
/** @import { ChaosProxy } from "./index.d.ts" */

/** @type {typeof import("./index.d.ts").chaosProxy} */
export async function chaosProxy(target) {
  const { hostname, port } = new URL(target);
  const proxy = new Chaos(hostname.replace(/^\[|\]$/g, ""), Number(port));
  await proxy.listen();
  return proxy;
}

/** @implements {ChaosProxy} */
class Chaos {
  accepted = 0;
  /** @type {Set<{ near: Socket, far: Socket }>} */
  #pairs = new Set();
  #server = createServer({ allowHalfOpen: true }, (near) => this.#accept(near));
  #stalled = false;
  #refusing = false;
  #delayMs = 0;
  /** Bytes of the server until the cut, and until the one that is lost. */
  #untilCut = Number.POSITIVE_INFINITY;
  #untilDrop = Number.POSITIVE_INFINITY;
  /** @type {(() => void)[]} */
  #held = [];

  /**
   * @param {string} host
   * @param {number} port
   */
  constructor(host, port) {
    this.target = { host, port };
  }

  /** @returns {Promise<void>} */
  listen() {
    return new Promise((listening, failed) => {
      this.#server.once("error", failed).listen(0, "127.0.0.1", () => listening());
    });
  }

  get port() {
    return /** @type {AddressInfo} */ (this.#server.address()).port;
  }

  get base() {
    return `http://127.0.0.1:${this.port}`;
  }

  get open() {
    return this.#pairs.size;
  }

  cut() {
    const count = this.open;
    for (const { near, far } of this.#pairs) {
      // The page sees a FIN and no more; whatever it still sends is read and forgotten.
      near.end();
      near.resume();
      far.destroy();
      setTimeout(() => near.destroy(), 1000).unref();
    }
    this.#pairs.clear();
    return count;
  }

  reset() {
    const count = this.open;
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    this.#pairs.clear();
    return count;
  }

  stall() {
    this.#stalled = true;
  }

  resume() {
    this.#stalled = false;
    this.#refusing = false;
    this.#delayMs = 0;
    const held = this.#held;
    this.#held = [];
    for (const pass of held) pass();
  }

  /** @param {number} milliseconds */
  delay(milliseconds) {
    this.#delayMs = milliseconds;
  }

  refuse() {
    this.#refusing = true;
  }

  /** @param {number} bytes */
  cutAfter(bytes) {
    this.#untilCut = bytes;
  }

  /** @param {number} n */
  dropByte(n) {
    this.#untilDrop = n;
  }

  /** @returns {Promise<void>} */
  async close() {
    this.reset();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** @param {Socket} near */
  #accept(near) {
    this.accepted += 1;
    near.on("error", () => {});
    if (this.#refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...this.target, allowHalfOpen: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on("close", () => {
        this.#pairs.delete(pair);
        const other = socket === near ? far : near;
        // An error of one side, such as a server that is not there, is one of the other.
        if (socket.errored) other.resetAndDestroy();
        else other.destroySoon();
      });
    }
    far.on("error", () => {});
    this.#pipe(near, far, (chunk) => chunk);
    this.#pipe(far, near, (chunk) => this.#harm(chunk, pair));
  }

  /**
   * @param {Socket} from
   * @param {Socket} to
   * @param {(chunk: Buffer) => Buffer} harm
   */
  #pipe(from, to, harm) {
    from.on("data", (chunk) => {
      this.#pass(() => {
        if (!to.writable) return;
        const rest = harm(/** @type {Buffer} */ (chunk));
        if (rest.length > 0) to.write(rest);
      });
    });
    from.on("end", () => this.#pass(() => to.end()));
  }

  /**
   * Now, later or after the stall. Order is kept: all of it waits in one line.
   * @param {() => void} deliver
   */
  #pass(deliver) {
    if (this.#stalled) {
      this.#held.push(deliver);
    } else if (this.#delayMs > 0) {
      setTimeout(() => (this.#stalled ? this.#held.push(deliver) : deliver()), this.#delayMs);
    } else {
      deliver();
    }
  }

  /**
   * @param {Buffer} chunk
   * @param {{ near: Socket, far: Socket }} pair
   */
  #harm(chunk, pair) {
    let rest = chunk;
    if (this.#untilDrop <= rest.length) {
      rest = Buffer.concat([rest.subarray(0, this.#untilDrop - 1), rest.subarray(this.#untilDrop)]);
      this.#untilDrop = Number.POSITIVE_INFINITY;
    } else {
      this.#untilDrop -= chunk.length;
    }
    if (this.#untilCut > rest.length) {
      this.#untilCut -= rest.length;
      return rest;
    }
    pair.near.end(rest.subarray(0, this.#untilCut));
    this.#untilCut = Number.POSITIVE_INFINITY;
    this.#pairs.delete(pair);
    pair.far.destroy();
    return Buffer.alloc(0);
  }
}
