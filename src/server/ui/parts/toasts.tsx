/** Short words about what was just done, at the edge of the page; they go by themselves, what went wrong stays until it is closed. */
import { signal } from '@preact/signals';
import { Icon } from './icon.js';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly isProblem: boolean;
}

const toasts = signal<readonly Toast[]>([]);
const shownMs = 6000;
const most = 4;
let count = 0;

export function say(text: string): void {
  const id = add(text, false);
  setTimeout(() => close(id), shownMs);
}

/** Of anything that was thrown. */
export function sayProblem(error: unknown): void {
  add(error instanceof Error ? error.message : String(error), true);
}

export function Toasts() {
  return (
    <section class="toasts" aria-label="Messages" role="status">
      {toasts.value.map(({ id, text, isProblem }) => (
        <div key={id} class={isProblem ? 'toast problem' : 'toast'}>
          <Icon name={isProblem ? 'failures' : 'done'} />
          <p>{text}</p>
          <button type="button" class="button quiet only-icon" aria-label="Close the message" onClick={() => close(id)}>
            <Icon name="close" size={14} />
          </button>
        </div>
      ))}
    </section>
  );
}

function add(text: string, isProblem: boolean): number {
  const id = ++count;
  toasts.value = [...toasts.value.slice(1 - most), { id, text, isProblem }];
  return id;
}

function close(id: number): void {
  toasts.value = toasts.value.filter(toast => toast.id !== id);
}
