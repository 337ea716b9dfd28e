// Roles, as they are chosen from.

import type { Role } from "@frontdesk/client";

export const ROLES: { value: Role; label: string }[] = [
  { value: "customer", label: "Customer" },
  { value: "staff", label: "Staff" },
  { value: "admin", label: "Admin" },
];
