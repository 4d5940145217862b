/** The shelves as typed lists, in an order that does not depend on who was added when. */
import type { Collector } from "./collectors/collector.ts";
import * as collectorShelf from "./collectors/index.ts";
import type { Detection } from "./detections/detection.ts";
import * as detectionShelf from "./detections/index.ts";
import * as sinkShelf from "./sinks/index.ts";
import type { Sink } from "./sinks/sink.ts";
import * as sourceShelf from "./sources/index.ts";
import type { Source } from "./sources/source.ts";

const byKey = <T>(items: readonly T[], key: (item: T) => string): readonly T[] =>
  [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));

export const sources: readonly Source[] = byKey(Object.values(sourceShelf), ({ id }) => id);
export const detections: readonly Detection[] = byKey(Object.values(detectionShelf), ({ rule }) => rule.name);
export const collectors: readonly Collector[] = byKey(
  Object.values(collectorShelf) as Collector[],
  ({ id }) => id,
);
export const sinks: readonly Sink[] = byKey(Object.values(sinkShelf) as Sink[], ({ id }) => id);
