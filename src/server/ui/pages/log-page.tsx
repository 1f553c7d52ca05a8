/** The latest of the log, as it comes; by level, by words and by job. */
import { useEffect, useRef } from 'preact/hooks';
import type { LogRecord } from '../contract.js';
import { logRecords } from '../live/index.js';
import { Empty, PageHead, ProblemNotice, useAnswer } from '../parts/index.js';
import { query, setQuery } from '../router/index.js';
import { formatTime } from '../words/index.js';

const levels = ['debug', 'info', 'warn', 'error'] as const;

export function LogPage() {
  const level = levels.find(one => one === query.value.get('level')) ?? 'info';
  const search = query.value.get('search') ?? '';
  const { answer, problem } = useAnswer('getLog', { query: { level, search: search || undefined } });
  const records = together(
    answer?.records ?? [],
    logRecords.value.filter(record => isShown(record, level, search)),
  );
  return (
    <div class="page fill">
      <PageHead title="Log" note="the latest, and what comes">
        <input
          type="search"
          aria-label="Search in the log"
          placeholder="Search"
          value={search}
          onInput={event => setQuery({ search: event.currentTarget.value })}
        />
        <select aria-label="Level" value={level} onChange={event => setQuery({ level: event.currentTarget.value })}>
          {levels.map(name => (
            <option key={name} value={name}>
              {name}
              {name === 'error' ? '' : ' and above'}
            </option>
          ))}
        </select>
      </PageHead>
      <ProblemNotice problem={problem} />
      {answer && records.length === 0 ? (
        <Empty icon="log" title="Nothing was logged that fits" />
      ) : (
        <Records records={records} />
      )}
    </div>
  );
}

/** It stays at its end while its end is in sight. */
function Records({ records }: { readonly records: readonly LogRecord[] }) {
  const scroller = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const last = records.at(-1)?.sequence;
  useEffect(() => {
    const element = scroller.current;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [last]);
  const onScroll = () => {
    const element = scroller.current;
    if (element) isAtEnd.current = element.scrollTop + element.clientHeight > element.scrollHeight - 20;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it
    <section class="scroller log-scroller" ref={scroller} onScroll={onScroll} tabIndex={0} aria-label="Records">
      <ol class="log">
        {records.map(({ sequence, atMs, level, text, job, code }) => (
          <li key={sequence} class={level}>
            <time>{formatTime(atMs)}</time>
            <span class="level">{level}</span>
            <span>
              {text} {code !== undefined && !text.includes(code) && <code>{code}</code>}{' '}
              {job !== undefined && <a href={`/jobs/${job}`}>job</a>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function isShown({ level, text, path }: LogRecord, least: LogRecord['level'], search: string): boolean {
  if (levels.indexOf(level) < levels.indexOf(least)) return false;
  return `${text} ${path ?? ''}`.toLowerCase().includes(search.toLowerCase());
}

const most = 1000;

/** Each once, in their order. */
function together(asked: readonly LogRecord[], told: readonly LogRecord[]): readonly LogRecord[] {
  const last = asked.at(-1)?.sequence ?? -1;
  return [...asked, ...told.filter(({ sequence }) => sequence > last)].slice(-most);
}
