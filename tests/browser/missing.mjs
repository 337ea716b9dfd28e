/** Something that a test needs is not on this machine: exit code 3, not a failure. */
export class Missing extends Error {}
