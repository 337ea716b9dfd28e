// The address is kept for the next time, so that a mistyped password or a lost session costs one field.
// The password is kept nowhere.

const KEY = "frontdesk.email";

export function rememberedEmail(): string {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    // A browser may forbid the page to keep anything.
    return "";
  }
}

export function rememberEmail(email: string): void {
  try {
    localStorage.setItem(KEY, email);
  } catch {
    // Then it is typed once more.
  }
}
