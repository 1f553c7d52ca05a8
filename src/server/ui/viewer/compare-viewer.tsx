/**
 * Before and after of one image: a slider, side by side, in turns, or their difference, always through one viewport, so that both show the
 * same spot at the same scale. Without an output it shows the source alone. Keys: `z` 100 %, `+` `-` zoom, Shift and arrows pan, `b`
 * held shows the other one, 1 to 4 choose how.
 */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useKeys } from '../parts/index.js';
import { query, setQuery } from '../router/index.js';
import { Layer, type Pictures } from './layer.js';
import { type Mode, modeOf, modes } from './mode.js';
import { useBlink } from './use-blink.js';
import { useGestures } from './use-gestures.js';
import { ViewerBar } from './viewer-bar.js';
import { type Size, Viewport } from './viewport.js';

const panStep = 60;
const zoomStep = 1.25;

export interface CompareViewerProps {
  readonly pictures: Pictures;
  /** What the domains are called: `horse`, `zebra`. */
  readonly names: readonly [before: string, after: string];
}

export function CompareViewer({ pictures, names }: CompareViewerProps) {
  const viewport = useMemo(() => new Viewport(), []);
  const pane = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>();
  const canCompare = pictures.after !== undefined;
  const mode = canCompare ? modeOf(query.value.get('view')) : 'slider';
  const [divider, setDivider] = useState(50);
  const [gain, setGain] = useState(1);
  const blink = useBlink(mode === 'blink');
  useEffect(() => viewport.fit(), [pictures.before]);
  useMeasured(pane, viewport, size, mode);
  useGestures(pane, viewport);
  useViewerKeys(viewport, blink.hold);
  const isShown = { before: blink.isHeld || (mode === 'blink' && blink.isBefore), after: !blink.isHeld };
  const layer = { viewport, size, pictures, onSize: setSize };
  return (
    <section class="viewer" aria-label="Before and after">
      <ViewerBar
        {...{ mode, canCompare, viewport, blink, gain, setGain }}
        onMode={next => setQuery({ view: next === 'slider' ? undefined : next })}
      />
      <div class={`panes ${mode}`} ref={pane}>
        {!canCompare && <Layer {...layer} which="before" name={names[0]} />}
        {canCompare && mode === 'sides' && (
          <>
            <Layer {...layer} which="before" name={names[0]} />
            <Layer {...layer} which="after" name={names[1]} />
          </>
        )}
        {canCompare && mode === 'slider' && (
          <>
            <Layer {...layer} which="after" name={names[1]} side="right" />
            <Layer {...layer} which="before" name={names[0]} side="left" clip={isShown.before ? 100 : divider} />
            <Divider value={divider} onChange={setDivider} />
          </>
        )}
        {canCompare && mode === 'blink' && (
          <>
            <Layer {...layer} which="after" name={names[1]} isHidden={isShown.before} />
            <Layer {...layer} which="before" name={names[0]} isHidden={!isShown.before} />
          </>
        )}
        {canCompare && mode === 'difference' && (
          <Difference {...{ layer, gain }} isBeforeShown={blink.isHeld} names={names} />
        )}
      </div>
    </section>
  );
}

interface DifferenceProps {
  readonly layer: Omit<Parameters<typeof Layer>[0], 'which' | 'name'>;
  readonly gain: number;
  readonly isBeforeShown: boolean;
  readonly names: readonly [string, string];
}

/** Black where both are the same. The blending is the browser's: |before - after| for each channel, then times the gain. */
function Difference({ layer, gain, isBeforeShown, names }: DifferenceProps) {
  if (isBeforeShown) return <Layer {...layer} which="before" name={names[0]} />;
  return (
    <>
      <div class="blend" style={{ filter: `brightness(${gain})` }}>
        <Layer {...layer} which="before" name="" />
        <Layer {...layer} which="after" name="" />
      </div>
      <span class="tag left">difference</span>
    </>
  );
}

function Divider({ value, onChange }: { readonly value: number; readonly onChange: (value: number) => void }) {
  const line = useRef<HTMLDivElement>(null);
  const drag = (event: PointerEvent) => {
    const box = line.current?.parentElement?.getBoundingClientRect();
    if (!box || event.buttons === 0) return;
    onChange(Math.min(100, Math.max(0, ((event.clientX - box.left) / box.width) * 100)));
  };
  return (
    <div class="divider" ref={line} style={{ left: `${value}%` }}>
      <button
        type="button"
        tabIndex={-1}
        aria-hidden="true"
        class="knob"
        onPointerDown={event => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={drag}
      >
        ‹ ›
      </button>
      <input
        type="range"
        aria-label="How much of the image before is shown"
        aria-valuetext={`${Math.round(value)} %`}
        min={0}
        max={100}
        step={1}
        value={value}
        onInput={event => onChange(Number(event.currentTarget.value))}
      />
    </div>
  );
}

/** Side by side, a pane is half of the whole. */
function useMeasured(
  pane: { readonly current: HTMLDivElement | null },
  viewport: Viewport,
  size: Size | undefined,
  mode: Mode,
): void {
  useEffect(() => {
    const element = pane.current;
    if (!element || !size) return;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element.querySelector('.layer') ?? element;
      viewport.measure(size, { width, height });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [viewport, size, mode]);
}

function useViewerKeys(viewport: Viewport, hold: (isHeld: boolean) => void): void {
  const choose = (mode: Mode) => () => setQuery({ view: mode === 'slider' ? undefined : mode });
  useKeys({
    z: () => viewport.toggle(),
    '+': () => viewport.zoomBy(zoomStep),
    '=': () => viewport.zoomBy(zoomStep),
    '-': () => viewport.zoomBy(1 / zoomStep),
    'Shift+ArrowLeft': () => viewport.panBy(panStep, 0),
    'Shift+ArrowRight': () => viewport.panBy(-panStep, 0),
    'Shift+ArrowUp': () => viewport.panBy(0, panStep),
    'Shift+ArrowDown': () => viewport.panBy(0, -panStep),
    b: () => hold(true),
    ...Object.fromEntries(modes.map((mode, index) => [String(index + 1), choose(mode)])),
  });
  useEffect(() => {
    const release = (event: KeyboardEvent) => event.key === 'b' && hold(false);
    const leave = () => hold(false);
    document.addEventListener('keyup', release);
    window.addEventListener('blur', leave);
    return () => {
      document.removeEventListener('keyup', release);
      window.removeEventListener('blur', leave);
    };
  }, [hold]);
}
