/** The shelves as typed lists. */

import type { Detection } from "./detections/detection.ts";
import * as detectionShelf from "./detections/index.ts";
import * as sourceShelf from "./sources/index.ts";
import type { Source } from "./sources/source.ts";

const byKey = <T>(items: readonly T[], key: (item: T) => string): readonly T[] =>
  [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));

export const sources: readonly Source[] = byKey(Object.values(sourceShelf), ({ id }) => id);
export const detections: readonly Detection[] = byKey(Object.values(detectionShelf), ({ rule }) => rule.name);
