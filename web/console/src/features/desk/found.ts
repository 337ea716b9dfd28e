// What the REST client answers, without `undefined`: it rejects on every refusal, only its types do
// not know that.

export function found<Data>(data: Data | undefined): Data {
  if (data === undefined) throw new Error("the server answered well but said nothing");
  return data;
}

/** An object of REST as events carry it. It is the same JSON; only their generated types differ in what is optional. */
export function same<Row extends { id: string }>(row: { id: string }): Row {
  return row as Row;
}
