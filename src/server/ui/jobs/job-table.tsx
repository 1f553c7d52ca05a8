/**
 * The list as a real table of which only the rows in sight are drawn; `aria-rowcount` says how many there are. Keys move a mark from row
 * to row (`j`, `k`), select (`x`), open (Enter), retry (`r`) and cancel (`c`): what is selected, else the row with the mark.
 */
// biome-ignore-all lint/a11y/useSemanticElements: tables that are laid out as grids lose their roles in some browsers, unless they are given
// biome-ignore-all lint/a11y/noRedundantRoles: for the same reason
import { useEffect, useState } from 'preact/hooks';
import { useKeys } from '../parts/index.js';
import { navigate } from '../router/index.js';
import { changeJobs, type JobActionName } from './change-jobs.js';
import type { JobList } from './job-list.js';
import { JobRow, rowPixels } from './job-row.js';
import { noteMovement } from './row-pictures.js';
import { useWindow } from './use-window.js';

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
  const { focused, onFocusIn, onFocusOut } = useFocusedRow(list);
  if (focused !== undefined && focused < window.first) rows.unshift(focused);
  if (focused !== undefined && focused > last) rows.push(focused);
  return (
    <div
      class="scroller"
      ref={scroller}
      onScroll={() => {
        noteMovement();
        measure();
      }}
    >
      <table class="jobs" role="table" aria-rowcount={total + 1} aria-label="Jobs">
        <Head />
        <tbody
          role="rowgroup"
          style={{ height: `${total * rowPixels}px` }}
          onFocusIn={onFocusIn}
          onFocusOut={onFocusOut}
        >
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
        </tbody>
      </table>
    </div>
  );
}

/** The row with the focus stays, however far the list is moved: what is typed goes where it went. @returns its place, where it is known */
function useFocusedRow(list: JobList) {
  const [id, setId] = useState<string>();
  list.kept = id;
  return {
    focused: id === undefined ? undefined : list.indexOf(id),
    onFocusIn: ({ target }: FocusEvent) => setId((target as Element).closest<HTMLElement>('[data-id]')?.dataset['id']),
    onFocusOut: () => setId(undefined),
  };
}

function Head() {
  return (
    <thead role="rowgroup">
      <tr role="row" aria-rowindex={1}>
        <th role="columnheader" class="pick">
          <span class="unseen">Selected</span>
        </th>
        <th role="columnheader" class="pictures">
          Image
        </th>
        <th role="columnheader" class="path">
          File
        </th>
        <th role="columnheader" class="translation">
          Translation
        </th>
        <th role="columnheader" class="status">
          State
        </th>
        <th role="columnheader" class="number attempts">
          Attempts
        </th>
        <th role="columnheader" class="number took">
          Took
        </th>
        <th role="columnheader" class="number age">
          Changed
        </th>
        <th role="columnheader" class="acts">
          <span class="unseen">Actions</span>
        </th>
      </tr>
    </thead>
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
    ...(row && { Enter: () => isOnNothing() && navigate(`/jobs/${row.id}${query}`) }),
    r: change('retry'),
    c: change('cancel'),
  });
}

/** Enter belongs to whatever has the focus. */
function isOnNothing(): boolean {
  return document.activeElement === document.body || document.activeElement?.matches('h1, main, .scroller') === true;
}
