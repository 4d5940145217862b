/**
 * Being asked to stop: by a signal, here or at the launcher, which passes it on, or by the launcher's end. A terminal, and
 * whoever means a whole group of processes, signals both: what both heard is asked once.
 */
type Signal = "SIGINT" | "SIGTERM";

const signals = ["SIGINT", "SIGTERM"] as const;
const heard = { here: { SIGINT: 0, SIGTERM: 0 }, atLauncher: { SIGINT: 0, SIGTERM: 0 } };
let wasAsked = false;
let answer = (signal: Signal): void => process.exit(signal === "SIGINT" ? 130 : 143);

/** Until somebody answers otherwise the process ends at once. */
export function listenForStop(): void {
  for (const signal of signals) process.on(signal, () => hear(signal, "here"));
  // Without a launcher, as in node cli/main.ts, there is no channel and nothing of this happens.
  process.on("message", (message) => {
    const signal = signals.find((one) => one === message);
    if (signal) hear(signal, "atLauncher");
  });
  process.on("disconnect", loseLauncher);
  if (process.connected === false) loseLauncher();
  // What else is done keeps the process alive, and this does not.
  process.channel?.unref();
}

/** From now on, until what is returned is called. */
export function answerStop(how: (signal: Signal) => void): () => void {
  const before = answer;
  answer = how;
  return () => {
    answer = before;
  };
}

/** In whichever order the two hear of it; without a launcher nobody else does. */
function hear(signal: Signal, where: keyof typeof heard): void {
  const { here, atLauncher } = heard;
  const asked = Math.max(here[signal], atLauncher[signal]);
  heard[where][signal] += 1;
  if (heard[where][signal] > asked || !process.connected) ask(signal);
}

/** Killed, where it could pass nothing on. Who was asked before is stopping already. */
function loseLauncher(): void {
  if (!wasAsked) ask("SIGTERM");
}

function ask(signal: Signal): void {
  wasAsked = true;
  answer(signal);
}
