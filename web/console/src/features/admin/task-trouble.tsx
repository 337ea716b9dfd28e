// What went wrong, unless it stands beside a field already.

import type { ReactElement } from "react";
import { TroubleNotice } from "../../ui/states.tsx";
import type { Task } from "./use-task.ts";

export function TaskTrouble({
  task,
  shown = [],
}: {
  task: Task;
  /** Fields that show their own. */
  shown?: readonly string[];
}): ReactElement | null {
  const { trouble, clear } = task;
  if (trouble === null) return null;
  const others = Object.entries(trouble.fields).filter(([field]) => !shown.includes(field));
  if (others.length === 0 && Object.keys(trouble.fields).length > 0) return null;
  const where = others.map(([field, words]) => `${field}: ${words}`).join(" ");
  return <TroubleNotice sentence={where || trouble.sentence} fix={trouble.fix} onClose={clear} />;
}
