/** All keys. */
import { useEffect, useRef } from 'preact/hooks';

const keys: readonly (readonly [page: string, keys: readonly (readonly [string, string])[]])[] = [
  [
    'Everywhere',
    [
      ['p', 'pause or resume'],
      ['?', 'these keys'],
    ],
  ],
  [
    'Jobs',
    [
      ['/', 'search'],
      ['j  k', 'down, up'],
      ['x', 'select'],
      ['Enter', 'open'],
      ['r', 'retry'],
      ['c', 'cancel'],
    ],
  ],
  [
    'A job',
    [
      ['←  →', 'previous, next'],
      ['1 – 4', 'slider, side by side, blink, difference'],
      ['b', 'held: shows the other'],
      ['z', '100 % or fit'],
      ['+  −', 'zoom'],
      ['Shift ← ↑ → ↓', 'move'],
      ['Esc', 'back to the list'],
    ],
  ],
  [
    'A training',
    [
      ['←  →', 'step back, forward'],
      ['Space', 'play'],
    ],
  ],
];

export function KeyHelp({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);
  return (
    <dialog ref={dialog} class="dialog keys" aria-labelledby="keys-title" onClose={onClose}>
      <h2 id="keys-title">Keys</h2>
      {keys.map(([page, rows]) => (
        <section key={page}>
          <h3>{page}</h3>
          <dl>
            {rows.map(([key, what]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <div class="row end">
        <button type="button" class="button primary" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
