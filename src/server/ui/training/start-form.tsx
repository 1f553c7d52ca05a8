/** A training on two folders of the configured root. What is not asked here has the defaults of `cyclebox train`. */
import { useState } from 'preact/hooks';
import type { Answer } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, Notice, useAnswer } from '../parts/index.js';
import { navigate } from '../router/index.js';
import { plural } from '../words/index.js';

type Folder = Answer<'listImageFolders'>['folders'][number];

export function StartForm({ onClose }: { readonly onClose: () => void }) {
  const { answer } = useAnswer('listImageFolders');
  const folders = answer?.folders ?? [];
  const [a, setA] = useState('');
  const [b, setB] = useState('');
  const [pair, setPair] = useState<string>();
  const [steps, setSteps] = useState('20000');
  const [size, setSize] = useState('128');
  const [isBackground, setBackground] = useState(true);
  const [more, setMore] = useState<Readonly<Record<string, string>>>({});
  const pairName = pair ?? pairOf(a, b);
  const isReady = a !== '' && b !== '' && a !== b && pairName !== '' && Number(steps) > 0 && Number(size) > 0;
  const start = async () => {
    const id = `${pairName}-${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;
    const given = Object.entries(more).filter(([, value]) => value !== '');
    const numbers = Object.fromEntries(given.map(([key, value]) => [key, Number(value)]));
    const options = { steps: Number(steps), size: Number(size), background: isBackground, ...numbers };
    const run = await ask('startTraining', { body: { id, pair: pairName, a, b, options } });
    onClose();
    navigate(`/training/${run.id}`);
  };
  return (
    <section class="card">
      <h2>A new training</h2>
      {answer && folders.length < 2 && (
        <Notice severity="info" remedy="Put images of each domain into a folder of its own below the root.">
          There are not two folders with images below the configured root.
        </Notice>
      )}
      <div class="fields">
        <FolderChoice label="First domain" folders={folders} value={a} onChange={setA} />
        <FolderChoice label="Second domain" folders={folders} value={b} onChange={setB} />
        <label>
          Name of the pair
          <input type="text" value={pairName} onInput={event => setPair(event.currentTarget.value)} />
        </label>
        <label>
          Steps
          <input type="number" min={1} value={steps} onInput={event => setSteps(event.currentTarget.value)} />
        </label>
        <label>
          Size in pixels
          <input type="number" min={32} step={32} value={size} onInput={event => setSize(event.currentTarget.value)} />
        </label>
      </div>
      <details>
        <summary>More options</summary>
        <div class="fields">
          {moreOptions.map(({ key, title, usual }) => (
            <label key={key}>
              {title}
              <input
                type="number"
                min={0}
                placeholder={usual}
                value={more[key] ?? ''}
                onInput={event => setMore({ ...more, [key]: event.currentTarget.value })}
              />
            </label>
          ))}
        </div>
        <label class="gain">
          <input
            type="checkbox"
            checked={isBackground}
            onChange={event => setBackground(event.currentTarget.checked)}
          />
          Everything else on the machine goes first
        </label>
      </details>
      <div class="row end">
        <Button isLocal onClick={onClose}>
          Cancel
        </Button>
        <Button kind="primary" icon="play" disabled={!isReady} onClick={start}>
          Start
        </Button>
      </div>
    </section>
  );
}

/** By the names of train.json; what is left empty has its default. */
const moreOptions = [
  { key: 'width', title: 'Width of the networks', usual: '64' },
  { key: 'blocks', title: 'Residual blocks', usual: '9' },
  { key: 'batch', title: 'Images a step', usual: '1' },
  { key: 'sampleEvery', title: 'Samples every so many steps', usual: '500' },
  { key: 'checkpointEvery', title: 'Checkpoint every so many steps', usual: 'by its length' },
  { key: 'seed', title: 'Seed', usual: '1' },
] as const;

interface FolderChoiceProps {
  readonly label: string;
  readonly folders: readonly Folder[];
  readonly value: string;
  readonly onChange: (path: string) => void;
}

function FolderChoice({ label, folders, value, onChange }: FolderChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={event => onChange(event.currentTarget.value)}>
        <option value="">Choose a folder</option>
        {folders.map(({ path, images }) => (
          <option key={path} value={path}>
            {path} ({plural(images, 'image')})
          </option>
        ))}
      </select>
    </label>
  );
}

/** `horse-zebra`, of the folders' names. */
function pairOf(a: string, b: string): string {
  if (a === '' || b === '') return '';
  const last = (path: string) => (path.split('/').at(-1) ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '');
  return `${last(a)}-${last(b)}`;
}
