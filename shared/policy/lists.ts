/** Lists of a file as they are written, read before anything in them is checked. */
import type { Problem, YamlDocument } from "./yaml-document.ts";

/** Two entries of one list under one name would be one to a reader of findings. */
export function sameNames(document: YamlDocument, lists: readonly string[]): Problem[] {
  const problems: Problem[] = [];
  for (const list of lists) {
    const first = new Map<string, number>();
    for (const [index, entry] of itemsOf(document.value, list).entries()) {
      const name = textAt(entry, "name");
      if (name === undefined) continue;
      const earlier = first.get(name);
      if (earlier === undefined) first.set(name, index);
      else
        problems.push({
          file: document.file,
          ...document.place([list, index, "name"]),
          path: `${list}[${index}].name`,
          message: `${list}[${earlier}] has the same name`,
        });
    }
  }
  return problems;
}

export function itemsOf(file: unknown, list: string): readonly unknown[] {
  const items = typeof file === "object" && file !== null ? Reflect.get(file, list) : undefined;
  return Array.isArray(items) ? items : [];
}

export function textAt(entry: unknown, key: string): string | undefined {
  const value = typeof entry === "object" && entry !== null ? Reflect.get(entry, key) : undefined;
  return typeof value === "string" ? value : undefined;
}
