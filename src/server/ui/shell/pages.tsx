/** All pages: their addresses, their names, and which one an address shows. */
import type { ComponentChildren } from 'preact';
import { JobPage } from '../job/index.js';
import { JobsPage } from '../jobs/index.js';
import { OverviewPage } from '../overview/index.js';
import { ApiPage, ConfigPage, DoctorPage, FailuresPage, LogPage, PairsPage, PluginsPage } from '../pages/index.js';
import { Empty, type IconName, PageHead } from '../parts/index.js';
import { RunPage, TrainingPage } from '../training/index.js';

export interface Place {
  readonly href: string;
  readonly title: string;
  readonly icon: IconName;
}

/** Of the menu, in its order. */
export const places: readonly Place[] = [
  { href: '/', title: 'Overview', icon: 'overview' },
  { href: '/jobs', title: 'Jobs', icon: 'jobs' },
  { href: '/failures', title: 'Failures', icon: 'failures' },
  { href: '/pairs', title: 'Pairs', icon: 'pairs' },
  { href: '/training', title: 'Training', icon: 'training' },
  { href: '/plugins', title: 'Plugins', icon: 'plugins' },
  { href: '/doctor', title: 'Doctor', icon: 'doctor' },
  { href: '/config', title: 'Configuration', icon: 'config' },
  { href: '/log', title: 'Log', icon: 'log' },
  { href: '/api-reference', title: 'API', icon: 'api' },
];

const pages: Readonly<Record<string, () => ComponentChildren>> = {
  '': OverviewPage,
  jobs: JobsPage,
  failures: FailuresPage,
  pairs: PairsPage,
  training: TrainingPage,
  plugins: PluginsPage,
  doctor: DoctorPage,
  config: ConfigPage,
  log: LogPage,
  'api-reference': ApiPage,
};

export function pageAt(path: string): ComponentChildren {
  const [, first = '', second] = path.split('/');
  const inner = second === undefined || second === '' ? undefined : decodeURIComponent(second);
  if (first === 'jobs' && inner !== undefined) return <JobPage id={inner} />;
  if (first === 'training' && inner !== undefined) return <RunPage key={inner} id={inner} />;
  const Page = pages[first] ?? NoPage;
  return <Page />;
}

function NoPage() {
  return (
    <div class="page">
      <PageHead title="No such page" />
      <Empty icon="search" title="There is no page at this address">
        <a class="button" href="/">
          Overview
        </a>
      </Empty>
    </div>
  );
}
