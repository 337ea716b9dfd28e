// Makes or changes an item. Orders keep the name and price of their moment.

import { Group, TextInput } from "@mantine/core";
import { type ReactElement, useState } from "react";
import { useSession } from "../../../session/session-provider.tsx";
import { useTask } from "../use-task.ts";
import { FormFrame } from "./form-frame.tsx";
import { priceOf, priceText } from "./price.ts";
import { type Item, itemsKey } from "./queries.ts";

export function ItemForm({
  item,
  onClose,
}: {
  /** None to make one. */
  item: Item | null;
  onClose: () => void;
}): ReactElement {
  const { rest } = useSession();
  const task = useTask();
  const [name, setName] = useState(item?.name ?? "");
  const [currency, setCurrency] = useState(item?.currency ?? "EUR");
  const [price, setPrice] = useState(
    item === null ? "" : priceText(item.unit_price, item.currency),
  );
  const unitPrice = priceOf(price, currency);
  const notAPrice = price !== "" && unitPrice === null;
  const save = async (): Promise<void> => {
    if (unitPrice === null) throw new Error(`“${price}” is not a price in ${currency}`);
    if (item === null) {
      await rest.POST("/api/v1/items", {
        body: { name, unit_price: unitPrice, currency, available: true },
      });
    } else {
      await rest.PATCH("/api/v1/items/{id}", {
        params: { path: { id: item.id } },
        body: { name, unit_price: unitPrice, version: item.version },
      });
    }
  };
  return (
    <FormFrame
      title={item === null ? "New item" : `Change ${item.name}`}
      action={item === null ? "Make the item" : "Save"}
      task={task}
      fields={["name", "unit_price", "currency"]}
      onSubmit={save}
      changes={itemsKey}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        required
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        {...task.wrong("name")}
      />
      <Group align="flex-start" grow>
        <TextInput
          label="Price"
          required
          inputMode="decimal"
          value={price}
          onChange={(event) => setPrice(event.currentTarget.value)}
          {...task.wrong("unit_price")}
          {...(notAPrice && { error: "Write it as 2.40" })}
        />
        <TextInput
          label="Currency"
          description={item === null ? undefined : "It stays as it is."}
          required
          readOnly={item !== null}
          maxLength={3}
          value={currency}
          onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
          {...task.wrong("currency")}
        />
      </Group>
    </FormFrame>
  );
}
