/** A part of a whole as a bar of blocks, an eighth of a column fine. */
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;

/** As wide as `width`, blank where nothing is. What is there at all is seen. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const drawn = share > 0 ? Math.max(1, eighths) : 0;
  return `${"█".repeat(Math.floor(drawn / 8))}${EIGHTHS[drawn % 8]}`.padEnd(width);
}
