/** The log of a Lambda function: Powertools, structured lines and embedded metrics on stdout. */
import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Log } from "./log.ts";

const units = { Count: MetricUnit.Count, Milliseconds: MetricUnit.Milliseconds } as const;

export function powertoolsLog(service: string): Log {
  const logger = new Logger({ serviceName: service });
  const metrics = new Metrics({ namespace: "Gnomon", serviceName: service });
  return {
    info: (message, fields = {}) => logger.info(message, fields),
    warn: (message, fields = {}) => logger.warn(message, fields),
    error: (message, fields = {}) => logger.error(message, fields),
    measure(name, value, unit, dimensions) {
      if (dimensions === undefined) metrics.addMetric(name, units[unit], value);
      else metrics.singleMetric().addDimensions(dimensions).addMetric(name, units[unit], value);
    },
    flush() {
      // Without any it warns, each time.
      if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    },
  };
}
