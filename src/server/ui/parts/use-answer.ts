/**
 * An answer of the server for as long as a view shows it: asked for when it appears, when what is asked changes, and when the stream begins
 * anew. While a newer one is on its way the older one stays.
 */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Answer, EndpointName } from '../contract.js';

import { type AskOptions, ask, epoch } from '../live/index.js';

export interface Answered<T> {
  readonly answer: T | undefined;
  readonly problem: Error | undefined;
  reload(): Promise<void>;
}

export function useAnswer<Name extends EndpointName>(
  name: Name,
  options: Omit<AskOptions<Name>, 'signal'> = {},
): Answered<Answer<Name>> {
  const key = JSON.stringify(options);
  const [state, setState] = useState<{ key: string; answer?: Answer<Name>; problem?: Error }>({ key });
  const load = useCallback(
    async (signal?: AbortSignal) => {
      try {
        const answer = await ask(name, { ...options, signal });
        setState({ key, answer });
      } catch (error) {
        if (signal?.aborted !== true)
          setState(({ answer }) => ({ key, ...(answer && { answer }), problem: error as Error }));
      }
    },
    [name, key],
  );
  const now = epoch.value;
  useEffect(() => {
    const control = new AbortController();
    void load(control.signal);
    return () => control.abort();
  }, [load, now]);
  const { answer, problem } = state.key === key ? state : { answer: undefined, problem: undefined };
  return { answer, problem, reload: () => load() };
}
