/** All pages: their addresses, their names, and which one an address shows. */
import type { ComponentChildren } from 'preact';
import { JobPage } from '../job/index.js';
import { JobsPage } from '../jobs/index.js';
import { OverviewPage } from '../overview/index.js';
import { Empty, type IconName, PageHead } from '../parts/index.js';

export interface Place {
  readonly href: string;
  readonly title: string;
  readonly icon: IconName;
}

/** Of the menu, in its order. */
export const places: readonly Place[] = [
  { href: '/', title: 'Overview', icon: 'overview' },
  { href: '/jobs', title: 'Jobs', icon: 'jobs' },
];

export function pageAt(path: string): ComponentChildren {
  const [, first = '', second] = path.split('/');
  if (first === 'jobs' && second !== undefined && second !== '') return <JobPage id={decodeURIComponent(second)} />;
  switch (first) {
    case '':
      return <OverviewPage />;
    case 'jobs':
      return <JobsPage />;
    default:
      return <NoPage />;
  }
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
