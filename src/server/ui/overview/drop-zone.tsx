/** Where images go into the inbox of a route: dropped, or chosen by a button. */
import { useRef, useState } from 'preact/hooks';
import type { RouteStatus } from '../contract.js';
import { isLive } from '../live/index.js';
import { Button, Icon, sayProblem } from '../parts/index.js';
import { plural } from '../words/index.js';
import { send, sendSamples } from './uploads.js';

const accepted = '.jpg,.jpeg,.png,.webp,.avif,.tif,.tiff';

export interface DropZoneProps {
  readonly route: RouteStatus;
  /** Offers the images that come with cyclebox, where some do. */
  readonly offersSamples?: boolean;
}

export function DropZone({ route, offersSamples = false }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const { match, from, to, problem, samples } = route;
  const isOpen = isLive.value && problem === undefined;
  const take = (files: FileList | null | undefined) => {
    if (files && files.length > 0 && isOpen) void send([...files], match).catch(sayProblem);
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(isOpen);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button inside does the same without a mouse
    <div
      class={`drop-zone${isOver ? ' over' : ''}${isOpen ? '' : ' shut'}`}
      onDragOver={over}
      onDragEnter={over}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <p class="direction">
        {from ?? 'image'} <Icon name="right" size={15} /> {to}
      </p>
      <p class="muted mono">{match}</p>
      {problem === undefined ? (
        <>
          <button type="button" class="button" disabled={!isOpen} onClick={() => field.current?.click()}>
            <Icon name="upload" size={16} /> Choose images
          </button>
          <span class="muted hint">or drop them here</span>
          {offersSamples && samples > 0 && (
            <Button kind="quiet" icon="image" onClick={() => sendSamples(match)}>
              {`Try ${plural(samples, 'sample')}`}
            </Button>
          )}
        </>
      ) : (
        <>
          <p class="fault">
            {problem.startsWith('MODEL_MISSING') ? 'No model yet' : (problem.split(':')[0] ?? problem)}
          </p>
          <a href="/pairs">What helps</a>
        </>
      )}
      <input
        ref={field}
        type="file"
        multiple
        hidden
        accept={accepted}
        aria-label={`Images for ${from ?? ''} to ${to}`}
        onChange={event => {
          take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
