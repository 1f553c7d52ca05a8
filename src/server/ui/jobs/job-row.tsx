/** One row of the list: drawn again only when something of it has changed. */
// biome-ignore-all lint/a11y/useSemanticElements: tables that are laid out as grids lose their roles in some browsers, unless they are given
// biome-ignore-all lint/a11y/noRedundantRoles: for the same reason
import { memo } from 'preact/compat';
import type { JobRow as Row } from '../contract.js';
import { status } from '../live/index.js';
import { Button, StateMark } from '../parts/index.js';
import { formatAge, formatMs, formatTime, nowMs, splitPath, translationName } from '../words/index.js';
import { changeJobs } from './change-jobs.js';
import { RowPictures } from './row-pictures.js';

/** Of every row; the style sheet has the same. */
export const rowPixels = 56;

const placeOf = (index: number) => ({ top: `${index * rowPixels}px` });

export interface JobRowProps {
  readonly row: Row | undefined;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly isSelected: boolean;
  /** Of the page that it is opened from. */
  readonly query: string;
  readonly onSelect: (id: string) => void;
}

export const JobRow = memo(function JobRow({ row, index, isCurrent, isSelected, query, onSelect }: JobRowProps) {
  if (!row) return <WaitingRow index={index} />;
  const { folder, name } = splitPath(row.path);
  return (
    <tr
      role="row"
      class={isCurrent ? 'current' : ''}
      style={placeOf(index)}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-id={row.id}
    >
      <td role="cell" class="pick">
        <input
          type="checkbox"
          aria-label={`Select ${row.path}`}
          checked={isSelected}
          onChange={() => onSelect(row.id)}
        />
      </td>
      <td role="cell" class="pictures">
        <RowPictures row={row} />
      </td>
      <td role="cell" class="path">
        <a href={`/jobs/${row.id}${query}`} title={row.path}>
          <span class="name">{name}</span>
          <span class="folder">
            {row.error && row.state !== 'done' && <span class="fault">{row.error.code} </span>}
            {folder}
          </span>
        </a>
      </td>
      <td role="cell" class="translation">
        {translationName(row.translation, status.value?.routes)}
      </td>
      <td role="cell" class="status">
        <StateMark state={row.state} />
      </td>
      <td role="cell" class="number attempts">
        {row.attempts}
      </td>
      <td role="cell" class="number took">
        {row.ms === undefined ? '' : formatMs(row.ms)}
      </td>
      <td role="cell" class="number age" title={formatTime(row.updatedMs)}>
        <Age atMs={row.updatedMs} />
      </td>
      <td role="cell" class="acts">
        <RowActions row={row} />
      </td>
    </tr>
  );
});

/** It alone is drawn again each second. */
function Age({ atMs }: { readonly atMs: number }) {
  return <>{formatAge(atMs, nowMs.value)}</>;
}

function RowActions({ row: { id, state } }: { readonly row: Row }) {
  const act = (action: 'retry' | 'cancel' | 'run-next') => () => changeJobs(action, [id]);
  if (state === 'queued')
    return (
      <>
        <Button kind="quiet" icon="next" label="Run next" onClick={act('run-next')} />
        <Button kind="quiet" icon="cancel" label="Cancel" onClick={act('cancel')} />
      </>
    );
  if (state === 'running') return <Button kind="quiet" icon="cancel" label="Cancel" onClick={act('cancel')} />;
  if (state === 'publishing') return null;
  return <Button kind="quiet" icon="retry" label="Retry" onClick={act('retry')} />;
}

function WaitingRow({ index }: { readonly index: number }) {
  return (
    <tr role="row" class="waiting" style={placeOf(index)} aria-rowindex={index + 2}>
      <td role="cell" colSpan={9}>
        <span class="bar" />
      </td>
    </tr>
  );
}
