// A late snapshot never undoes a newer event: every order in which the two can come, tried.

import { expect, it } from "vitest";
import { LiveList } from "../src/live-list.ts";

interface Thing {
  id: string;
  version: number;
}

const rules = {
  id: ({ id }: Thing) => id,
  at: ({ id }: Thing) => id,
  replaces: (next: Thing, held: Thing) => next.version >= held.version,
};

it("ends at the newest version in whatever order snapshot and events come", () => {
  const truth: Thing[] = [1, 2, 3].map((version) => ({ id: "a", version }));
  // The snapshot is taken after version `taken`, and arrives before the event at place `arrives`.
  for (let taken = 0; taken <= truth.length; taken += 1) {
    for (let arrives = taken; arrives <= truth.length; arrives += 1) {
      for (let begun = 0; begun <= taken; begun += 1) {
        const list = new LiveList(rules);
        const snapshot = { items: truth.slice(0, taken).slice(-1) };
        for (let place = 0; place <= truth.length; place += 1) {
          if (place === begun) list.beginSnapshot();
          if (place === arrives) list.endSnapshot(snapshot);
          const event = truth[place];
          if (event) list.apply(event);
        }
        expect(list.items(), `taken ${taken}, arrives ${arrives}, begun ${begun}`).toEqual([
          { id: "a", version: 3 },
        ]);
      }
    }
  }
});

it("drops what a snapshot does not have any more, and keeps what came while it was under way", () => {
  const list = new LiveList(rules);
  list.apply({ id: "erased", version: 1 });
  list.beginSnapshot();
  list.apply({ id: "new", version: 1 });
  list.apply({ id: "gone", version: 1 });
  list.remove("gone");
  list.endSnapshot({
    items: [
      { id: "gone", version: 1 },
      { id: "old", version: 1 },
    ],
  });
  expect(list.items().map(({ id }) => id)).toEqual(["old", "new"]);
});

it("keeps what an event told of an item while its page was under way", () => {
  const list = new LiveList(rules);
  list.beginSnapshot();
  list.endSnapshot({ items: [{ id: "b", version: 1 }], next_cursor: "next" });
  list.apply({ id: "a", version: 2 });
  expect(list.items().map(({ id }) => id)).toEqual(["b"]);
  list.append({ items: [{ id: "a", version: 1 }] });
  expect(list.items()).toEqual([
    { id: "b", version: 1 },
    { id: "a", version: 2 },
  ]);
});
