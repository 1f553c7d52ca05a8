/** From a run to images: the pair that it made, used in a route of the configuration. */
import { useState } from 'preact/hooks';
import type { TrainingDetail } from '../contract.js';
import { ask, status } from '../live/index.js';
import { Button, say } from '../parts/index.js';

export function UseInRoute({ run: { id, pair, domains, hasPlugin } }: { readonly run: TrainingDetail }) {
  const [from, to] = domains;
  const [target, setTarget] = useState<string>(to);
  const source = target === to ? from : to;
  const suggested = `${source}-to-${target}/**`;
  const [match, setMatch] = useState<string>();
  const use = async () => {
    const { message } = await ask('usePair', { params: { id }, body: { match: match ?? suggested, to: target } });
    say(message);
  };
  if (!hasPlugin) return null;
  const isThere = status.value?.routes.some(route => route.match === (match ?? suggested)) === true;
  return (
    <section class="card">
      <h2>Use {pair}</h2>
      <p class="muted">Its plugin joins the configuration, and a route takes the images.</p>
      <div class="row fields">
        <label>
          To
          <select value={target} onChange={event => setTarget(event.currentTarget.value)}>
            {domains.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <label class="grow">
          Route
          <input
            type="text"
            list="routes"
            value={match ?? suggested}
            onInput={event => setMatch(event.currentTarget.value)}
          />
          <datalist id="routes">
            {status.value?.routes.map(route => (
              <option key={route.match} value={route.match} />
            ))}
          </datalist>
        </label>
        <Button kind="primary" onClick={use}>
          {isThere ? 'Change this route' : 'Add this route'}
        </Button>
      </div>
    </section>
  );
}
