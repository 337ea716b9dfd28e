// One sign-in over HTTP, with the cookie that Node's fetch does not keep.

/** @import { Session } from "./index.d.ts" */

/** What an order of a test holds. */
const LINE = { name: "Espresso", quantity: 1, unit_price: 250 };

/**
 * @param {string} base
 * @param {string} email
 * @param {string} password
 * @returns {Promise<Session>}
 */
export async function signIn(base, email, password) {
  const answer = await fetch(`${base}/api/v1/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (!answer.ok)
    throw new Error(`${email} cannot sign in: ${answer.status} ${await answer.text()}`);
  const [pair = ""] = (answer.headers.getSetCookie()[0] ?? "").split(";");
  const [name = "", value = ""] = pair.split(/=(.*)/);
  return new SignedIn(base, { name, value }, await answer.json());
}

/** @implements {Session} */
class SignedIn {
  #base;

  /**
   * @param {string} base
   * @param {{ name: string, value: string }} cookie
   * @param {Session["user"]} user
   */
  constructor(base, cookie, user) {
    this.#base = base;
    this.cookie = cookie;
    this.user = user;
  }

  /** @type {typeof fetch} */
  fetch = (input, init = {}) => {
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : {}));
    headers.set("Cookie", `${this.cookie.name}=${this.cookie.value}`);
    return fetch(input instanceof Request ? input : new URL(input, this.#base), {
      ...init,
      headers,
    });
  };

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async ask(method, path, body) {
    const sent =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    const answer = await this.fetch(path, { method, ...sent });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  token() {
    return this.ask("GET", "/api/v1/auth/ws-token");
  }

  /**
   * @param {string} userId
   * @param {string} title
   */
  notify(userId, title) {
    return this.ask("POST", "/api/v1/notifications", {
      user_id: userId,
      kind: "test",
      title,
      body: "",
    });
  }

  /**
   * @param {string} customerId
   */
  orderFor(customerId, note = "") {
    return this.ask("POST", "/api/v1/orders", {
      customer_id: customerId,
      currency: "EUR",
      note,
      lines: [LINE],
    });
  }

  /** @param {string} [customerId] */
  async chat(customerId) {
    const open = (await this.ask("GET", "/api/v1/chats")).items.find(
      (/** @type {{ status: string, customer: { id: string } }} */ chat) =>
        chat.status === "open" && chat.customer.id === (customerId ?? this.user.id),
    );
    return open ?? this.ask("POST", "/api/v1/chats", customerId ? { customer_id: customerId } : {});
  }

  async signOut() {
    await this.ask("POST", "/api/v1/auth/logout");
  }
}
