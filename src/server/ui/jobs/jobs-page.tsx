/** All jobs: tabs with counts, search and filters that stand in the address, and what can be done to those selected or to all of a filter. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JobFilter } from '../contract.js';
import { epoch, isLive, status } from '../live/index.js';
import { Button, Empty, Icon, PageHead, ProblemNotice, useKeys } from '../parts/index.js';
import { query, setQuery } from '../router/index.js';
import { formatCount, plural, translationName } from '../words/index.js';
import { changeAll, changeJobs } from './change-jobs.js';
import { carriedQuery, filterOf, periods, tabs } from './job-filter.js';
import { JobList } from './job-list.js';
import { JobTable } from './job-table.js';
import { MoreActions } from './more-actions.js';

export function JobsPage() {
  const carried = carriedQuery(query.value);
  const filter = useMemo(() => filterOf(query.value, Date.now()), [carried]);
  const list = useJobList(filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setSelected(new Set()), [carried]);
  const toggle = (id: string) =>
    setSelected(old => (old.has(id) ? new Set([...old].filter(one => one !== id)) : new Set([...old, id])));
  return (
    <div class="page fill">
      <PageHead title="Jobs" note={<Total list={list} />}>
        <BulkActions list={list} filter={filter} selected={selected} />
        <MoreActions />
      </PageHead>
      <Tabs list={list} />
      <Filters />
      <ProblemNotice problem={list.problem.value} />
      {list.total.value === 0 ? (
        <NoJobs isFiltered={carried !== ''} />
      ) : (
        <JobTable list={list} query={carried} selected={selected} onSelect={toggle} />
      )}
      {list.unseen.value > 0 && (
        <button type="button" class="newer" onClick={() => list.reload()}>
          {plural(list.unseen.value, 'newer change')} · show
        </button>
      )}
    </div>
  );
}

/** A new one for each filter, and after each break of the stream the same anew. */
function useJobList(filter: JobFilter): JobList {
  const list = useMemo(() => new JobList(filter), [filter]);
  useEffect(() => () => list.dispose(), [list]);
  const now = epoch.value;
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) list.reload();
    isFirst.current = false;
  }, [now]);
  return list;
}

function Total({ list }: { readonly list: JobList }) {
  const total = list.total.value;
  return <>{total === undefined ? 'Counting…' : plural(total, 'job')}</>;
}

function Tabs({ list }: { readonly list: JobList }) {
  const current = query.value.get('state') ?? '';
  const counts = list.counts.value;
  const all = Object.values(counts).reduce((sum, count) => sum + (count ?? 0), 0);
  const countOf = ({ states }: (typeof tabs)[number]) =>
    states === undefined ? all : states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return (
    <nav class="tabs" aria-label="State">
      {tabs.map(tab => (
        <button
          key={tab.key}
          type="button"
          aria-current={tab.key === current ? 'page' : undefined}
          onClick={() => setQuery({ state: tab.key })}
        >
          {tab.title} <span class="count">{formatCount(countOf(tab))}</span>
        </button>
      ))}
    </nav>
  );
}

function Filters() {
  const search = useRef<HTMLInputElement>(null);
  useKeys({ '/': () => search.current?.focus() });
  const code = query.value.get('code');
  return (
    <div class="row filters">
      <label class="search">
        <Icon name="search" size={16} />
        <span class="unseen">Search in paths</span>
        <input
          ref={search}
          type="search"
          placeholder="Search in paths  ( / )"
          value={query.value.get('search') ?? ''}
          onInput={event => setQuery({ search: event.currentTarget.value })}
          onKeyDown={event => event.key === 'Escape' && event.currentTarget.blur()}
        />
      </label>
      <TranslationFilter />
      <Choice name="period" label="Changed" options={periods.map(({ key, title }) => [key, title])} />
      {code && (
        <button type="button" class="chip" onClick={() => setQuery({ code: undefined })}>
          {code} <Icon name="close" size={13} />
          <span class="unseen">Show other codes too</span>
        </button>
      )}
    </div>
  );
}

function TranslationFilter() {
  const routes = status.value?.routes ?? [];
  const keys = [...new Set([...routes.map(({ translation }) => translation), query.value.get('translation') ?? ''])];
  const options = keys.filter(Boolean).map(key => [key, translationName(key, routes)] as const);
  return <Choice name="translation" label="Translation" options={[['', 'All translations'], ...options]} />;
}

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [key: string, title: string])[];
}

function Choice({ name, label, options }: ChoiceProps) {
  const value = query.value.get(name) ?? '';
  return (
    <select aria-label={label} value={value} onChange={event => setQuery({ [name]: event.currentTarget.value })}>
      {options.map(([key, title]) => (
        <option key={key} value={key}>
          {title}
        </option>
      ))}
    </select>
  );
}

interface BulkProps {
  readonly list: JobList;
  readonly filter: JobFilter;
  readonly selected: ReadonlySet<string>;
}

function BulkActions({ list, filter, selected }: BulkProps) {
  const count = selected.size;
  const total = list.total.value ?? 0;
  const act = (action: 'retry' | 'cancel' | 'run-next') => () =>
    count > 0 ? changeJobs(action, [...selected]) : changeAll(action, filter, total);
  const which = count > 0 ? formatCount(count) : 'all';
  const isNone = !isLive.value || (count === 0 && total === 0);
  return (
    <>
      <Button icon="retry" disabled={isNone} onClick={act('retry')}>{`Retry ${which}`}</Button>
      <Button icon="next" disabled={isNone || count === 0} onClick={act('run-next')}>
        Run next
      </Button>
      <Button icon="cancel" disabled={isNone} onClick={act('cancel')}>{`Cancel ${which}`}</Button>
    </>
  );
}

function NoJobs({ isFiltered }: { readonly isFiltered: boolean }) {
  if (isFiltered)
    return (
      <Empty icon="search" title="No job fits">
        <p>Nothing in the queue matches this filter.</p>
        <a class="button" href="/jobs">
          Show all jobs
        </a>
      </Empty>
    );
  return (
    <Empty icon="image" title="No jobs yet">
      <p>
        Put images into <code>{status.value?.inbox}</code>, or drop them onto the overview.
      </p>
      <a class="button primary" href="/">
        To the drop zones
      </a>
    </Empty>
  );
}
