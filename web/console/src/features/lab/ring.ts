// The newest values of a stream, as many as there is room for. The oldest makes way.

export class Ring<Value> {
  readonly #room: number;
  #values: Value[] = [];
  #start = 0;

  constructor(room: number) {
    this.#room = room;
  }

  get length(): number {
    return this.#values.length;
  }

  /** The oldest is at 0. */
  at(index: number): Value | undefined {
    if (index < 0 || index >= this.#values.length) return undefined;
    return this.#values[(this.#start + index) % this.#values.length];
  }

  /** Adds a value; gives the one that made way for it. */
  push(value: Value): Value | undefined {
    if (this.#values.length < this.#room) {
      this.#values.push(value);
      return undefined;
    }
    const oldest = this.#values[this.#start];
    this.#values[this.#start] = value;
    this.#start = (this.#start + 1) % this.#room;
    return oldest;
  }

  clear(): void {
    this.#values = [];
    this.#start = 0;
  }

  *[Symbol.iterator](): Iterator<Value> {
    for (let index = 0; index < this.length; index += 1) yield this.at(index) as Value;
  }
}
