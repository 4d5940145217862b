/** One line on stderr that says how far the work is, for people only: nothing where stderr is no terminal. */
import { SECOND_MS } from "../shared/model/units.ts";

const EVERY_MS = 120;

export interface Progress {
  /** Bytes of the input taken so far. */
  advance(bytes: number): void;
  /** Activities found so far. */
  count(activities: number): void;
  done(): void;
}

export function showProgress(totalBytes: number, stream: NodeJS.WriteStream, quiet: boolean): Progress {
  if (quiet || !stream.isTTY) return { advance() {}, count() {}, done() {} };
  const started = performance.now();
  let taken = 0;
  let activities = 0;
  let drawn = 0;

  const draw = () => {
    const now = performance.now();
    if (now - drawn < EVERY_MS) return;
    drawn = now;
    const seconds = (now - started) / SECOND_MS;
    const part = totalBytes > 0 ? Math.min(taken / totalBytes, 1) : 1;
    const left = part > 0.02 ? `, ${duration((seconds / part) * (1 - part))} left` : "";
    const line = `${String(Math.round(part * 100)).padStart(3)} %  ${megabytes(taken)} of ${megabytes(totalBytes)}, ${whole(activities)} activities, ${whole(activities / Math.max(seconds, 0.1))}/s${left}`;
    stream.write(`\r\u001b[K${line.slice(0, Math.max((stream.columns ?? 80) - 1, 20))}`);
  };

  return {
    advance(bytes) {
      taken += bytes;
      draw();
    },
    count(more) {
      activities += more;
      draw();
    },
    done() {
      if (drawn > 0) stream.write("\r\u001b[K");
    },
  };
}

const whole = (count: number): string => Math.round(count).toLocaleString("en-US");
const megabytes = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
