/**
 * Keys in groups, one a task: as many as suit the kernel's lanes, and in all such
 * that no worker has to wait long for the others at the end.
 *
 * @module
 */

/** Keys of two full vectors: with more the workers would end further apart. */
const LARGE = 8;
/** Keys of a full vector: fewer cost as much (SHA-256: 3 as 4, measured). */
const FULL = 4;

/** How many of the keys left the next group takes, with so many workers. */
function* groupSizes(workers: number, count: number): Generator<number> {
  let left = count;
  for (const size of [LARGE, FULL]) {
    for (; left >= size * workers; left -= size * workers) {
      for (let worker = 0; worker < workers; worker++) yield size;
    }
  }
  for (let worker = workers; left > 0; worker--) {
    const size = Math.ceil(left / worker);
    yield size;
    left -= size;
  }
}

/**
 * Takes the jobs in order, those of a group when it is asked for.
 *
 * @param count How many jobs there are; where it is not known, groups are large.
 */
export function* keyGroups<T>(
  jobs: Iterable<T>,
  workers: number,
  count: number = Infinity,
): Generator<T[]> {
  const iterator = jobs[Symbol.iterator]();
  for (const size of groupSizes(workers, count)) {
    const group: T[] = [];
    while (group.length < size) {
      const { value, done } = iterator.next();
      if (done) break;
      group.push(value);
    }
    if (group.length) yield group;
    if (group.length < size) return;
  }
}
