// How far an order has come, as steps.

import type { OrderStatus } from "@frontdesk/client";
import type { ReactElement } from "react";
import classes from "./orders.module.css";

const steps: readonly { status: OrderStatus; label: string }[] = [
  { status: "placed", label: "Placed" },
  { status: "accepted", label: "Accepted" },
  { status: "preparing", label: "Preparing" },
  { status: "ready", label: "Ready" },
  { status: "completed", label: "Completed" },
];

/** Whether something can still happen to it. */
export function isUnderWay(status: OrderStatus): boolean {
  return (
    status === "placed" || status === "accepted" || status === "preparing" || status === "ready"
  );
}

/** The words that tell a customer what happens now. */
const words: Record<OrderStatus, string> = {
  placed: "The desk has your order and will accept it soon.",
  accepted: "Accepted. It is prepared next.",
  preparing: "It is being prepared now.",
  ready: "It is ready for you.",
  completed: "Completed.",
  rejected: "The desk could not take this order.",
  cancelled: "Cancelled.",
};

export function Progress({ status }: { status: OrderStatus }): ReactElement {
  const current = steps.findIndex((step) => step.status === status);
  return (
    <div>
      {current >= 0 && (
        <ol className={classes["steps"]} aria-label="Progress of the order">
          {steps.map((step, index) => (
            <li
              key={step.status}
              data-done={index <= current}
              aria-current={index === current ? "step" : undefined}
            >
              <span>{step.label}</span>
            </li>
          ))}
        </ol>
      )}
      <p className={classes["now"]} role="status">
        {words[status]}
      </p>
    </div>
  );
}
