// Something that is watched, and lives only while it is. What hooks read with useSyncExternalStore.

/** Starts with its first watcher and stops after its last. Subclasses say what that means. */
export abstract class Store<Snapshot> {
  readonly #watchers = new Set<() => void>();
  #snapshot: Snapshot;
  #stopping: ReturnType<typeof setTimeout> | undefined;

  constructor(initial: Snapshot) {
    this.#snapshot = initial;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  readonly subscribe = (watcher: () => void): (() => void) => {
    const own = (): void => watcher();
    this.#watchers.add(own);
    if (this.#stopping !== undefined) {
      clearTimeout(this.#stopping);
      this.#stopping = undefined;
    } else if (this.#watchers.size === 1) {
      this.start();
    }
    return () => {
      if (!this.#watchers.delete(own) || this.#watchers.size > 0) return;
      // StrictMode and fast refresh unmount and mount again at once: one macrotask later is early enough.
      this.#stopping = setTimeout(() => {
        this.#stopping = undefined;
        this.stop();
      }, 0);
    };
  };

  protected set(next: Snapshot): void {
    this.#snapshot = next;
    for (const watcher of [...this.#watchers]) watcher();
  }

  protected abstract start(): void;
  protected abstract stop(): void;
}

const shelves = new WeakMap<object, Map<string, unknown>>();

/** The one store of this key that everyone who uses `owner` shares. */
export function shared<S>(owner: object, key: string, make: () => S): S {
  let shelf = shelves.get(owner);
  if (shelf === undefined) {
    shelf = new Map();
    shelves.set(owner, shelf);
  }
  if (!shelf.has(key)) shelf.set(key, make());
  return shelf.get(key) as S;
}

/** Puts a store back that was started again after it had been forgotten. */
export function remember(owner: object, key: string, store: unknown): void {
  const shelf = shelves.get(owner);
  if (shelf !== undefined && !shelf.has(key)) shelf.set(key, store);
}

/** Lets go of a store that nobody watches. */
export function forget(owner: object, key: string, store: unknown): void {
  const shelf = shelves.get(owner);
  if (shelf?.get(key) === store) shelf?.delete(key);
}
