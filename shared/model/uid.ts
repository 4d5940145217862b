/** Identity by content: never random, never a clock. */
import { hash } from "node:crypto";

/** 128 bits of SHA-256 over the parts, hexadecimal. JSON keeps ("a", "bc") and ("ab", "c") apart. */
export const uidOf = (...parts: readonly (string | number | undefined)[]): string =>
  hash("sha256", JSON.stringify(parts.map((part) => part ?? null))).slice(0, 32);

/** Names bytes in a place without showing them; `sha256sum` of the same begins so. */
export const digestOf = (bytes: Uint8Array): string => `sha256 ${hash("sha256", bytes).slice(0, 16)}`;
