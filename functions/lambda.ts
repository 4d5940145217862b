/** What all handlers share: the runtime is opened once per process, and metrics leave at the end of an invocation. */
import type { Context } from "aws-lambda";
import { SECOND_MS } from "../shared/model/units.ts";
import { powertoolsLog } from "./powertools-log.ts";
import { openRuntime, type Runtime, readConfiguration } from "./runtime.ts";

/** What handlers ask of it. */
export type LambdaContext = Pick<Context, "getRemainingTimeInMillis">;

/** For the page at hand: its records on the bus, its cursor saved. */
const LAST_PAGE_MS = 10 * SECOND_MS;

/** Aborted in time to end well. */
export const timeLeft = (context: LambdaContext | undefined): AbortSignal =>
  context === undefined
    ? new AbortController().signal
    : AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - LAST_PAGE_MS));

/** `service` names the function in logs and metrics. */
export function withRuntime<Event, Result>(
  service: string,
  work: (event: Event, runtime: Runtime, context: LambdaContext | undefined) => Promise<Result>,
): (event: Event, context?: LambdaContext) => Promise<Result> {
  let opening: Promise<Runtime> | undefined;
  const open = async (): Promise<Runtime> => {
    const configuration = await readConfiguration(process.env["GNOMON_CONFIG"] ?? "gnomon.yaml", process.env);
    return openRuntime(configuration, powertoolsLog(service));
  };
  return async (event, context) => {
    opening ??= open();
    const runtime = await opening.catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    try {
      return await work(event, runtime, context);
    } finally {
      runtime.log.flush();
    }
  };
}
