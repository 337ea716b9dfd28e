// A reason as the server gives it: a stable word, a colon and a sentence.

export function splitReason(reason: string): { slug: string; detail: string } {
  const [, slug = "", detail = ""] = /^(\w+): (.*)$/s.exec(reason) ?? [];
  return slug === "" ? { slug: "", detail: reason } : { slug, detail };
}
