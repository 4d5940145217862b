/** The word a person most likely meant, of those that exist. */

/** The nearest by edits; else the first of which `word` is a whole part: `bedrock` of `aws.bedrock`. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const given = word.toLowerCase();
  const reach = given.length <= 5 ? 1 : Math.max(2, Math.floor(given.length / 4));
  let nearest: string | undefined;
  let nearestEdits = reach + 1;
  let holding: string | undefined;
  for (const candidate of known) {
    const name = candidate.toLowerCase();
    if (Math.abs(name.length - given.length) < nearestEdits) {
      const edits = editsBetween(given, name);
      if (edits < nearestEdits) [nearest, nearestEdits] = [candidate, edits];
    }
    if (name.split(/[._-]/).includes(given)) holding ??= candidate;
  }
  return nearest ?? holding;
}

/** Optimal string alignment: letters put in, left out, replaced, or two neighbours swapped. Row by row. */
function editsBetween(from: string, to: string): number {
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      const swapped =
        from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1]
          ? (before[column - 2] ?? Number.POSITIVE_INFINITY) + 1
          : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[to.length] ?? 0;
}
