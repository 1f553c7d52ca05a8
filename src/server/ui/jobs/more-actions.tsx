/** What is seldom done, and to the whole queue: behind a button of its own, each after a question. */
import { useEffect, useRef } from 'preact/hooks';
import { ask } from '../live/index.js';
import { Button, confirm, Icon, say } from '../parts/index.js';
import { plural } from '../words/index.js';

export function MoreActions() {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  useEffect(() => {
    const onPress = ({ target }: PointerEvent) => !menu.current?.contains(target as Node) && close();
    document.addEventListener('pointerdown', onPress);
    return () => document.removeEventListener('pointerdown', onPress);
  }, []);
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    close();
    menu.current?.querySelector('summary')?.focus();
  };
  const then = (work: () => Promise<void>) => () => {
    close();
    return work();
  };
  return (
    <details class="more" ref={menu} onKeyDown={onKey}>
      <summary class="button">
        More <Icon name="down" size={14} />
      </summary>
      <div class="menu">
        <Button kind="quiet" icon="retry" onClick={then(retryStale)}>
          Redo what older models did
        </Button>
        <Button kind="quiet" icon="close" onClick={then(purge)}>
          Forget jobs whose files are gone
        </Button>
      </div>
    </details>
  );
}

async function retryStale(): Promise<void> {
  const text =
    'Jobs are done again whose model is another version now than the one that did them. New results get new names; those of before stay.';
  if (!(await confirm({ title: 'Redo what older models did?', text, action: 'Redo them' }))) return;
  const { changed } = await ask('retryStale', { body: {} });
  say(changed === 0 ? 'All results are of the present models.' : `${plural(changed, 'job')} will be done again.`);
}

async function purge(): Promise<void> {
  const text = 'Ended jobs go from the list whose files are gone or have changed. No image is touched.';
  const question = { title: 'Forget jobs whose files are gone?', text, action: 'Forget them', isDangerous: true };
  if (!(await confirm(question))) return;
  const { changed } = await ask('purgeQueue', { body: {} });
  say(`${plural(changed, 'job')} forgotten.`);
}
