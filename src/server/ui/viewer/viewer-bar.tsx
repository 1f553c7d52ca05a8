/** What is over the viewer: how to compare, and how large. */
import { Button, type IconName } from '../parts/index.js';
import type { Mode } from './mode.js';
import type { Blink } from './use-blink.js';
import type { Viewport } from './viewport.js';

const titles: readonly (readonly [mode: Mode, title: string, icon: IconName])[] = [
  ['slider', 'Slider', 'slider'],
  ['sides', 'Side by side', 'sides'],
  ['blink', 'Blink', 'blink'],
  ['difference', 'Difference', 'difference'],
];
const zoomStep = 1.25;

export interface ViewerBarProps {
  readonly mode: Mode;
  readonly canCompare: boolean;
  readonly viewport: Viewport;
  readonly blink: Blink;
  readonly gain: number;
  readonly setGain: (gain: number) => void;
  readonly onMode: (mode: Mode) => void;
}

export function ViewerBar({ mode, canCompare, viewport, blink, gain, setGain, onMode }: ViewerBarProps) {
  return (
    <div class="viewer-bar">
      {canCompare && (
        <fieldset class="segments" aria-label="How to compare">
          {titles.map(([key, title, icon]) => (
            <Button key={key} isLocal icon={icon} pressed={mode === key} onClick={() => onMode(key)}>
              {title}
            </Button>
          ))}
        </fieldset>
      )}
      {canCompare && mode === 'blink' && <BlinkControls blink={blink} />}
      {canCompare && mode === 'difference' && (
        <label class="gain">
          Brightness ×{gain}
          <input
            type="range"
            min={1}
            max={8}
            step={1}
            value={gain}
            onInput={event => setGain(Number(event.currentTarget.value))}
          />
        </label>
      )}
      <Zoom viewport={viewport} />
    </div>
  );
}

function BlinkControls({ blink }: { readonly blink: Blink }) {
  return (
    <>
      <Button isLocal icon={blink.isPlaying ? 'pause' : 'play'} onClick={() => blink.play(!blink.isPlaying)}>
        {blink.isPlaying ? 'Stop' : 'Play'}
      </Button>
      {!blink.isPlaying && (
        <Button isLocal onClick={blink.flip}>
          Show the other
        </Button>
      )}
    </>
  );
}

function Zoom({ viewport }: { readonly viewport: Viewport }) {
  const percent = Math.round(viewport.view.value.scale * devicePixelRatio * 100);
  return (
    <div class="row zoom">
      <Button isLocal kind="quiet" label="Zoom out" onClick={() => viewport.zoomBy(1 / zoomStep)}>
        −
      </Button>
      <span class="percent">{percent} %</span>
      <Button isLocal kind="quiet" label="Zoom in" onClick={() => viewport.zoomBy(zoomStep)}>
        +
      </Button>
      <Button isLocal pressed={viewport.isFitted.value} onClick={() => viewport.fit()}>
        Fit
      </Button>
      <Button isLocal title="100 %  ( z )" onClick={() => viewport.actualSize()}>
        100 %
      </Button>
    </div>
  );
}
