/**
 * The list as a real table of which only the rows in sight are drawn; `aria-rowcount` says how many there are. Keys move a mark from row
 * to row (`j`, `k`), select (`x`), open (Enter), retry (`r`) and cancel (`c`): what is selected, else the row with the mark.
 */
import { useEffect, useState } from 'preact/hooks';
import { useKeys } from '../parts/index.js';
import { navigate } from '../router/index.js';
import { changeJobs, type JobActionName } from './change-jobs.js';
import type { JobList } from './job-list.js';
import { JobRow } from './job-row.js';
import { noteMovement } from './row-pictures.js';
import { useWindow } from './use-window.js';

export const rowPixels = 56;
const headPixels = 38;

export interface JobTableProps {
  readonly list: JobList;
  readonly query: string;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (id: string) => void;
}

export function JobTable({ list, query, selected, onSelect }: JobTableProps) {
  const total = list.total.value ?? 0;
  // Read so that news of the rows draw this again.
  void list.version.value;
  const { scroller, window, measure, show } = useWindow(rowPixels, total);
  const [current, setCurrent] = useState(-1);
  const last = Math.min(total - 1, window.last);
  useEffect(() => list.look(window.first, Math.max(0, last)), [list, window.first, last]);
  useJobKeys({
    list,
    query,
    selected,
    onSelect,
    current,
    total,
    move: index => {
      setCurrent(index);
      show(index, headPixels);
    },
  });
  const rows = Array.from({ length: Math.max(0, last - window.first + 1) }, (_, place) => window.first + place);
  return (
    <div
      class="scroller"
      ref={scroller}
      onScroll={() => {
        noteMovement();
        measure();
      }}
    >
      <table class="jobs" aria-rowcount={total + 1} aria-label="Jobs">
        <Head />
        <tbody>
          <Space rows={window.first} />
          {rows.map(index => {
            const row = list.row(index);
            return (
              <JobRow
                key={row?.id ?? index}
                row={row}
                index={index}
                isCurrent={index === current}
                isSelected={row !== undefined && selected.has(row.id)}
                query={query}
                onSelect={onSelect}
              />
            );
          })}
          <Space rows={total - 1 - last} />
        </tbody>
      </table>
    </div>
  );
}

function Head() {
  return (
    <thead>
      <tr aria-rowindex={1}>
        <th class="pick">
          <span class="unseen">Selected</span>
        </th>
        <th class="pictures">Image</th>
        <th class="path">File</th>
        <th class="translation">Translation</th>
        <th class="status">State</th>
        <th class="number attempts">Attempts</th>
        <th class="number took">Took</th>
        <th class="number age">Changed</th>
        <th class="acts">
          <span class="unseen">Actions</span>
        </th>
      </tr>
    </thead>
  );
}

function Space({ rows }: { readonly rows: number }) {
  if (rows <= 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus
    <tr class="space" aria-hidden="true">
      <td colSpan={9} style={{ height: `${rows * rowPixels}px` }} />
    </tr>
  );
}

interface JobKeys extends JobTableProps {
  readonly current: number;
  readonly total: number;
  readonly move: (index: number) => void;
}

function useJobKeys({ list, query, selected, onSelect, current, total, move }: JobKeys): void {
  const row = list.row(current);
  const step = (by: number) => () => total > 0 && move(Math.max(0, Math.min(total - 1, current + by)));
  const change = (action: JobActionName) => () => {
    const ids = selected.size > 0 ? [...selected] : row ? [row.id] : [];
    if (ids.length > 0) void changeJobs(action, ids);
  };
  useKeys({
    j: step(1),
    k: step(-1),
    ...(row && { x: () => onSelect(row.id) }),
    ...(row && isOnNothing() && { Enter: () => navigate(`/jobs/${row.id}${query}`) }),
    r: change('retry'),
    c: change('cancel'),
  });
}

/** Enter belongs to whatever has the focus. */
function isOnNothing(): boolean {
  return document.activeElement === document.body || document.activeElement?.matches('h1, main, .scroller') === true;
}
