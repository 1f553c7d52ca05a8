/** The daemon at work, at a glance: how it stands, what it is at, where images go in, and what came out last. */
import type { DashboardStatus } from '../contract.js';
import { status } from '../live/index.js';
import { PageHead } from '../parts/index.js';
import { formatAge, formatCount, formatMs, nowMs } from '../words/index.js';
import { Devices } from './devices.js';
import { DropZone } from './drop-zone.js';
import { LatestImages } from './latest-images.js';
import { Notifications } from './notifications.js';
import { SentImages } from './sent-images.js';

export function OverviewPage() {
  const now = status.value;
  return (
    <div class="page">
      <PageHead title="Overview" note={now && <Machine status={now} />}>
        <Notifications />
      </PageHead>
      {now && (
        <>
          <Figures status={now} />
          <DropZones status={now} />
          <SentImages />
          <LatestImages />
          <div class="columns">
            <Devices status={now} />
            <Words status={now} />
          </div>
        </>
      )}
    </div>
  );
}

function Machine({ status: { host, version, startedMs } }: { readonly status: DashboardStatus }) {
  return (
    <>
      {host} · cyclebox {version} · started {formatAge(startedMs, nowMs.value)}
    </>
  );
}

function Figures({ status: { counts, throughput } }: { readonly status: DashboardStatus }) {
  const count = (...states: readonly string[]) => states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  const { donePerMinute, remainingMs } = throughput;
  const left = remainingMs === undefined ? 'nothing waits' : `${formatMs(remainingMs)} left at this pace`;
  return (
    <ul class="figures" aria-label="Figures">
      <Figure
        title="Waiting"
        value={formatCount(count('queued'))}
        note={settling(count('settling'))}
        href="/jobs?state=waiting"
      />
      <Figure title="Running" value={formatCount(count('running', 'publishing'))} href="/jobs?state=running" />
      <Figure title="Done" value={formatCount(count('done'))} href="/jobs?state=done" />
      <Figure title="Failed" value={formatCount(count('failed', 'quarantined'))} kind="failed" href="/failures" />
      <Figure title="Images a minute" value={String(donePerMinute)} note={count('queued') === 0 ? undefined : left} />
    </ul>
  );
}

const settling = (count: number) => (count === 0 ? undefined : `${formatCount(count)} settling`);

interface FigureProps {
  readonly title: string;
  readonly value: string;
  readonly note?: string | undefined;
  readonly kind?: 'failed';
  readonly href?: string;
}

function Figure({ title, value, note, kind, href }: FigureProps) {
  const inside = (
    <>
      <span class="title">{title}</span>
      <span class={kind === 'failed' && value !== '0' ? 'value failed' : 'value'}>{value}</span>
      <span class="muted note">{note ?? ''}</span>
    </>
  );
  return <li>{href === undefined ? <div>{inside}</div> : <a href={href}>{inside}</a>}</li>;
}

function DropZones({ status: { routes, inbox, counts } }: { readonly status: DashboardStatus }) {
  const isEmpty = Object.values(counts).every(count => count === 0);
  return (
    <section class="card">
      <div class="card-head">
        <h2>Put images in</h2>
        <span class="muted">
          or copy them into <code>{inbox}</code>
        </span>
      </div>
      {routes.length === 0 && <p class="muted">No route yet: add one to watch-config.json.</p>}
      <div class="drop-zones">
        {routes.map(route => (
          <DropZone key={route.match} route={route} offersSamples={isEmpty} />
        ))}
      </div>
    </section>
  );
}

/** What `cyclebox status` says, word by word. */
function Words({ status: { lines } }: { readonly status: DashboardStatus }) {
  return (
    <section class="card">
      <div class="card-head">
        <h2>In words</h2>
        <span class="muted">
          as <code>cyclebox status</code> says it
        </span>
      </div>
      <pre class="words">{lines.join('\n')}</pre>
    </section>
  );
}
