/** The shelves as typed lists, in an order that does not depend on who was added when. */
import type { Collector } from "./collectors/collector.ts";
import * as collectorShelf from "./collectors/index.ts";
import type { Detection } from "./detections/detection.ts";
import * as detectionShelf from "./detections/index.ts";
import * as sinkShelf from "./sinks/index.ts";
import type { Sink } from "./sinks/sink.ts";
import * as sourceShelf from "./sources/index.ts";
import type { Source } from "./sources/source.ts";

const byKey = <T>(shelf: object, key: (item: T) => string): readonly T[] =>
  (Object.values(shelf) as T[]).sort((a, b) => (key(a) < key(b) ? -1 : 1));

// Pure: a bundled function carries only those of the shelves that it uses.
export const sources = /* @__PURE__ */ byKey<Source>(sourceShelf, ({ id }) => id);
export const detections = /* @__PURE__ */ byKey<Detection>(detectionShelf, ({ rule }) => rule.name);
export const collectors = /* @__PURE__ */ byKey<Collector>(collectorShelf, ({ id }) => id);
export const sinks = /* @__PURE__ */ byKey<Sink>(sinkShelf, ({ id }) => id);
