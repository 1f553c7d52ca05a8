/** What each device is at, and what it has learnt of its memory. */
import type { DashboardStatus } from '../contract.js';
import { Icon } from '../parts/index.js';
import { splitPath } from '../words/index.js';

export function Devices({ status: { workers } }: { readonly status: DashboardStatus }) {
  return (
    <section class="card">
      <h2>Devices</h2>
      {workers.length === 0 && <p class="muted">None is in use yet: the first image starts one.</p>}
      <ul class="devices">
        {workers.map(({ device, name, pid, source, progress, memory, refused }) => (
          <li key={device}>
            <p>
              <span class={`lamp ${source === undefined ? 'idle' : 'busy'}`} aria-hidden="true" />
              <strong>{device}</strong> <span class="muted">{name}</span>
            </p>
            <p class="at">
              {source === undefined ? (
                <span class="muted">waits{pid === undefined ? ', no process' : ''}</span>
              ) : (
                <>
                  <Icon name="running" size={14} /> <span class="mono">{splitPath(source).name}</span>
                  {progress !== undefined && ` ${Math.floor(progress * 100)} %`}
                </>
              )}
            </p>
            {[...memory, ...refused].map(line => (
              <p key={line} class="muted">
                {line}
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
