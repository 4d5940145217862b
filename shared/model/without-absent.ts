/** A copy without `undefined`, and without objects that hold nothing else: absent is absent. */
export function withoutAbsent<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutAbsent) as T;
  if (typeof value !== "object" || value === null) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const inner = withoutAbsent(part);
    if (inner === undefined) continue;
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner) && Object.keys(inner).length === 0)
      continue;
    kept[key] = inner;
  }
  return kept as T;
}
