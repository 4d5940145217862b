/** Identity by content: never random, never a clock. */
import { createHash } from "node:crypto";

/** 128 bits of SHA-256 over the parts, hexadecimal. JSON keeps ("a", "bc") and ("ab", "c") apart. */
export const uidOf = (...parts: readonly (string | number | undefined)[]): string =>
  createHash("sha256")
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest("hex")
    .slice(0, 32);
