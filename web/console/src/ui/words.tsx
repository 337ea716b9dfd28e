// A text with code in it: what stands between backticks is code. Nothing else in it means anything.

import { Code } from "@mantine/core";
import type { ReactElement } from "react";

export function Words({ children }: { children: string }): ReactElement {
  const parts = children.split("`");
  return (
    <>
      {parts.map((part, index) =>
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change their order
        index % 2 === 1 ? <Code key={index}>{part}</Code> : part,
      )}
    </>
  );
}
