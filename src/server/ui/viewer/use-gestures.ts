/** Mouse, pen, wheel and fingers on a pane: dragging pans, the wheel and two fingers zoom about where they are, a double click toggles. */
import { useEffect } from 'preact/hooks';
import type { Viewport } from './viewport.js';

const wheelStep = 1.0015;
const mostWheel = 200;

export function useGestures(pane: { readonly current: HTMLElement | null }, viewport: Viewport): void {
  useEffect(() => {
    const element = pane.current;
    if (!element) return;
    const fingers = new Map<number, { readonly x: number; readonly y: number }>();
    const place = ({ clientX, clientY }: MouseEvent) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    const on = <K extends keyof HTMLElementEventMap>(type: K, act: (event: HTMLElementEventMap[K]) => void) => {
      element.addEventListener(type, act, { passive: false });
      return () => element.removeEventListener(type, act);
    };
    const ends = [
      on('wheel', event => {
        event.preventDefault();
        const { x, y } = place(event);
        const turned = Math.max(-mostWheel, Math.min(mostWheel, event.deltaY * (event.deltaMode === 1 ? 33 : 1)));
        viewport.zoomBy(wheelStep ** -turned, x, y);
      }),
      on('dblclick', event => {
        const { x, y } = place(event);
        viewport.toggle(x, y);
      }),
      on('pointerdown', event => {
        if (event.button !== 0 || (event.target as Element).closest('input, button')) return;
        element.setPointerCapture(event.pointerId);
        fingers.set(event.pointerId, place(event));
      }),
      on('pointermove', event => {
        const before = fingers.get(event.pointerId);
        if (!before) return;
        const now = place(event);
        const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
        if (other) pinch(viewport, before, now, other);
        else viewport.panBy(now.x - before.x, now.y - before.y);
        fingers.set(event.pointerId, now);
      }),
      on('pointerup', ({ pointerId }) => fingers.delete(pointerId)),
      on('pointercancel', ({ pointerId }) => fingers.delete(pointerId)),
    ];
    return () => {
      for (const end of ends) end();
    };
  }, [viewport, pane.current]);
}

interface Place {
  readonly x: number;
  readonly y: number;
}

/** One finger moves, the other stays. */
function pinch(viewport: Viewport, before: Place, now: Place, other: Place): void {
  const distance = (a: Place, b: Place) => Math.hypot(a.x - b.x, a.y - b.y);
  viewport.zoomBy(
    distance(now, other) / Math.max(1, distance(before, other)),
    (now.x + other.x) / 2,
    (now.y + other.y) / 2,
  );
}
