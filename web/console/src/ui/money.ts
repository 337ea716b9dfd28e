// Money as people read it. On the wire it is whole minor units with an ISO 4217 currency.

const formats = new Map<string, Intl.NumberFormat>();

/** 1250 and EUR is "€12.50" in English. */
export function money(minorUnits: number, currency: string): string {
  let format = formats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat(undefined, { style: "currency", currency });
    formats.set(currency, format);
  }
  // Most currencies have two digits behind the point, yen none, dinars three.
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minorUnits / 10 ** digits);
}
