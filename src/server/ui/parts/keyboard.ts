/** Keys of a page while it is shown. Fields that take text keep theirs, and so does whatever is pressed together with Ctrl, Alt or Meta. */
import { useLayoutEffect } from 'preact/hooks';

/** `false` leaves the key to whatever has the focus. */
export type Keys = Readonly<Record<string, (event: KeyboardEvent) => unknown>>;

/**
 * By `event.key`, with `Shift+` before the arrows.
 * @param keys those of now: they change with each drawing, and before the next key comes, however fast it is pressed
 */
export function useKeys(keys: Keys): void {
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
      const name = event.shiftKey && event.key.startsWith('Arrow') ? `Shift+${event.key}` : event.key;
      const act = keys[name];
      if (act && act(event) !== false) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
}

function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog[open]')) return true;
  if (target instanceof HTMLInputElement && target.type === 'range') return key.startsWith('Arrow');
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return key === ' ';
  return (
    target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
  );
}
