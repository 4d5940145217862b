/** For clients whose token may be revoked, or be expired by the vendor's clock, before its time. */

/**
 * Runs `work` with the client of `connect`, which is made when it is first needed. Where the vendor does not take its
 * token any more, a new client, which asks for a new token, is tried, but once only: a wrong key stays wrong.
 */
export function renewing<Client>(
  connect: (renewed: boolean) => Client,
  isRefused: (error: unknown) => boolean,
): <T>(work: (client: Client) => Promise<T>) => Promise<T> {
  let first: Client | undefined;
  let second: Client | undefined;
  return async (work) => {
    first ??= connect(false);
    const used = second ?? first;
    try {
      return await work(used);
    } catch (error) {
      if (used !== first || !isRefused(error)) throw error;
      second ??= connect(true);
      return work(second);
    }
  };
}
