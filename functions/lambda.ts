/** What all handlers share: the runtime is opened once per process, and metrics leave at the end of an invocation. */
import { powertoolsLog } from "./powertools-log.ts";
import { openRuntime, type Runtime, readConfiguration } from "./runtime.ts";

/** `service` names the function in logs and metrics. */
export function withRuntime<Event, Result>(
  service: string,
  work: (event: Event, runtime: Runtime) => Promise<Result>,
): (event: Event) => Promise<Result> {
  let opening: Promise<Runtime> | undefined;
  const open = async (): Promise<Runtime> => {
    const configuration = await readConfiguration(process.env["GNOMON_CONFIG"] ?? "gnomon.yaml", process.env);
    return openRuntime(configuration, powertoolsLog(service));
  };
  return async (event) => {
    opening ??= open();
    const runtime = await opening.catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    try {
      return await work(event, runtime);
    } finally {
      runtime.log.flush();
    }
  };
}
