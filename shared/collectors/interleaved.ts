/** Streams of pages at the same time: accounts and regions have limits of their own, and a queue hands out ten at once. */

type Stream<T> = AsyncGenerator<T, unknown>;

/**
 * What the streams give, as it comes, `atOnce` of them at work. Items of one stream keep their order, and a stream
 * goes on only when its item was taken: at most one of each is held. Ends all of them when it is ended, or the run is.
 */
export async function* interleaved<T>(
  streams: Iterable<Stream<T>>,
  atOnce: number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const waiting = streams[Symbol.iterator]();
  const begun = new Set<Stream<T>>();
  const working = new Map<Stream<T>, Promise<{ stream: Stream<T>; result: IteratorResult<T, unknown> }>>();
  const goOn = (stream: Stream<T>) =>
    working.set(
      stream,
      stream.next().then((result) => ({ stream, result })),
    );
  const beginNext = () => {
    const next = waiting.next();
    if (next.done) return;
    begun.add(next.value);
    goOn(next.value);
  };
  try {
    for (let count = 0; count < atOnce; count++) beginNext();
    while (working.size > 0 && !signal.aborted) {
      const { stream, result } = await Promise.race(working.values());
      // Before it goes on it leaves its place: a race is won by the first of those that are ready.
      working.delete(stream);
      if (result.done) {
        begun.delete(stream);
        beginNext();
      } else {
        yield result.value;
        goOn(stream);
      }
    }
  } finally {
    await Promise.allSettled([...begun].map((stream) => stream.return(undefined)));
    await Promise.allSettled(working.values());
  }
}
