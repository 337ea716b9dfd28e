// The accounts of `frontdesk serve --demo`. They exist nowhere else, and their password is no secret.

export const DEMO_PASSWORD = "test123";

export const CUSTOMER = "websocket@test.com";
export const STAFF = "staff@test.com";

/** Who orders, books and writes while the shop is busy. */
export const BUSY_CUSTOMER = "ana@test.com";
