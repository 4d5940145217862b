/** Orders JSON values, so that of two readings the same one wins on every run, whichever came first. */

/** How much a value says: its scalars, counted. */
export function leavesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return value === undefined ? 0 : 1;
  let leaves = 0;
  for (const part of Object.values(value)) leaves += leavesOf(part);
  return leaves;
}

/** A total order: 0 only for equal values, whatever order their keys were set in. Absent fields are skipped. */
export function compareJson(a: unknown, b: unknown): number {
  if (a === b) return 0;
  const byType = typeRank(a) - typeRank(b);
  if (byType !== 0) return byType;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return (a as string) < (b as string) ? -1 : 1;
  }
  const left = fieldsOf(a);
  const right = fieldsOf(b);
  for (const [index, [key, value]] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (key !== other[0]) return key < other[0] ? -1 : 1;
    const byValue = compareJson(value, other[1]);
    if (byValue !== 0) return byValue;
  }
  return left.length - right.length;
}

const types = ["undefined", "boolean", "number", "string", "object"];

const typeRank = (value: unknown): number =>
  value === null ? -1 : Array.isArray(value) ? types.length : types.indexOf(typeof value);

const fieldsOf = (value: object): [string, unknown][] =>
  Array.isArray(value)
    ? Object.entries(value)
    : Object.entries(value)
        .filter(([, part]) => part !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1));
