/** One question at a time, in the browser's own dialog: it keeps the focus inside, and gives it back to where it was. */
import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

export interface Question {
  readonly title: string;
  readonly text: string;
  /** What the button says that goes on: `Retry 7,012 jobs`. */
  readonly action: string;
  readonly isDangerous?: boolean;
}

const asked = signal<(Question & { readonly answer: (yes: boolean) => void }) | undefined>(undefined);

/** @returns whether the answer was yes */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false);
  return new Promise(resolve => {
    const answer = (yes: boolean) => {
      asked.value = undefined;
      resolve(yes);
    };
    asked.value = { ...question, answer };
  });
}

export function Confirmation() {
  const question = asked.value;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (question) dialog.current?.showModal();
    else dialog.current?.close();
  }, [question]);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="question" onClose={() => asked.value?.answer(false)}>
      {question && (
        <>
          <h2 id="question">{question.title}</h2>
          <p>{question.text}</p>
          <div class="row end">
            <button type="button" class="button" onClick={() => question.answer(false)}>
              Cancel
            </button>
            <button
              type="button"
              class={`button ${question.isDangerous ? 'danger' : 'primary'}`}
              onClick={() => question.answer(true)}
            >
              {question.action}
            </button>
          </div>
        </>
      )}
    </dialog>
  );
}
