/**
 * What work takes of the processor, in ms: of this thread alone, so that a busy machine does not count. Bounds on it are
 * ten times and more what was seen, and still a hundredth of what the mistake they look for would take.
 */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
