/**
 * Work on several things of a list at a time, of which the results are taken in the order of the list.
 * @param start begins the work on one: what fails of it must wait until the result is taken
 * @param most that have been started and not been taken
 */
export async function* inOrder<T, R>(
  things: readonly T[],
  most: number,
  start: (thing: T) => R,
): AsyncGenerator<readonly [index: number, result: R]> {
  const started: R[] = [];
  for (const index of things.keys()) {
    while (started.length < most && index + started.length < things.length)
      started.push(start(things[index + started.length]!));
    yield [index, started[0]!];
    started.shift();
  }
}
