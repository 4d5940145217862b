/** A copy without `undefined`, and without objects that hold nothing else: absent is absent. */
export function withoutAbsent<T>(value: T): T {
  return (value !== null && typeof value === "object" ? (whatIsIn(value) ?? {}) : value) as T;
}

/** Whether nothing of it would be left. A list is always something. */
export function holdsNothing(value: object): boolean {
  if (Array.isArray(value)) return false;
  for (const key in value) {
    const part = (value as Record<string, unknown>)[key];
    if (part === undefined) continue;
    if (part === null || typeof part !== "object" || !holdsNothing(part)) return false;
  }
  return true;
}

/** Undefined for an object that holds nothing. Done for every part of every record: a loop, without lists of entries. */
function whatIsIn(value: object): object | undefined {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  let kept: Record<string, unknown> | undefined;
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    const inner = part !== null && typeof part === "object" ? whatIsIn(part) : part;
    if (inner === undefined) continue;
    kept ??= {};
    kept[key] = inner;
  }
  return kept;
}
