/**
 * Work on several inputs at once, with the results in the inputs' order.
 *
 * @module
 */

/**
 * Takes inputs while fewer than `limit` of them are worked on or wait to be
 * taken: a consumer that takes no results stops the reading. The first failure in
 * the inputs' order is thrown when its turn comes, also one of their source.
 *
 * @param inputs What to work on. It is closed at the end without waiting: its
 * source may have nothing to give.
 * @param limit How many inputs to work on at once, which may change.
 * @param work The work.
 */
export async function* ordered<T, R>(
  inputs: AsyncIterator<T>,
  limit: () => number,
  work: (input: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const running: Promise<R>[] = [];
  let reading: Promise<IteratorResult<T>> | undefined;
  let ended = false;
  try {
    for (;;) {
      if (!ended && running.length < limit()) reading ??= handled(inputs.next());
      if (!reading && !running.length) return;
      const step = await Promise.race([
        ...running.slice(0, 1).map((first) => first.then((result) => ({ result }))),
        ...reading ? [reading.then((input) => ({ input }), (error) => ({ error }))] : [],
      ]);
      if ("result" in step) {
        running.shift();
        yield step.result;
        continue;
      }
      reading = undefined;
      if ("error" in step) {
        ended = true;
        running.push(handled(Promise.reject(step.error)));
      } else if (step.input.done) ended = true;
      else running.push(handled(work(step.input.value)));
    }
  } finally {
    if (!ended) inputs.return?.()?.catch(() => {});
  }
}

/** A promise whose failure may go unseen, because another one came first. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
