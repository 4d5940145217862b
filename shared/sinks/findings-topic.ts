/** Topic `ai.findings`: OCSF Detection Finding 1.8.0, one message a state change, keyed by finding. */
import { z } from "zod";
import { findingToOcsf } from "../model/ocsf.ts";
import { defineSink } from "./sink.ts";

export const findingsTopic = defineSink({
  id: "ai.findings",
  title: "Kafka topic ai.findings",
  settings: z.strictObject({}).prefault({}),
  batchSize: 200,

  async *send(deliveries, { publish, version }) {
    await publish(
      deliveries.map(({ id, finding, rule }) => ({
        id,
        key: finding.uid,
        value: JSON.stringify(findingToOcsf({ finding, revision: id }, rule, version)),
      })),
    );
    yield deliveries.map(({ id }) => ({ id }));
  },
});
