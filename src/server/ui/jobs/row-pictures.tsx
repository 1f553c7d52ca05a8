/** The pictures of a row. While the list is on the move none are asked for: rows that only pass by need no picture of a server. */
import { signal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import type { JobRow } from '../contract.js';
import { Thumbnail } from '../parts/index.js';

const isMoving = signal(false);
/** After the last movement. */
const restMs = 120;
let timer: ReturnType<typeof setTimeout> | undefined;

export function noteMovement(): void {
  isMoving.value = true;
  clearTimeout(timer);
  timer = setTimeout(() => {
    isMoving.value = false;
  }, restMs);
}

export function RowPictures({ row: { id, state } }: { readonly row: JobRow }) {
  const wasShown = useRef(false);
  wasShown.current ||= !isMoving.value;
  if (!wasShown.current) return <span class="thumbnail" />;
  return (
    <>
      <Thumbnail id={id} of="source" />
      {state === 'done' && <Thumbnail id={id} of="output" />}
    </>
  );
}
