// Prices as people write them. On the wire they are whole minor units.

/** How many digits a currency has behind the point; two for one that is not known. */
export function digitsOf(currency: string): number {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    // It is no currency yet: somebody is still writing it.
    return 2;
  }
}

/** "2.40" of 240 in EUR. */
export function priceText(minorUnits: number, currency: string): string {
  const digits = digitsOf(currency);
  return (minorUnits / 10 ** digits).toFixed(digits);
}

/** 240 of "2.40" or "2,4" in EUR; `null` if it is no price, or finer than the currency. */
export function priceOf(text: string, currency: string): number | null {
  const found = /^(\d+)(?:[.,](\d+))?$/.exec(text.trim());
  const digits = digitsOf(currency);
  const fraction = found?.[2] ?? "";
  if (found === null || fraction.length > digits) return null;
  return Number(`${found[1]}${fraction.padEnd(digits, "0")}`);
}
