/** Which rows of a long list are in sight. Rows are all of one height, so that places are a multiplication, however long the list. */
import { useEffect, useRef, useState } from 'preact/hooks';

export interface RowWindow {
  readonly first: number;
  /** The last one that is drawn. */
  readonly last: number;
}

/** Drawn above and below what is in sight, so that a turn of the wheel finds rows. */
const beyond = 8;

export function useWindow(rowPixels: number, total: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [window, setWindow] = useState<RowWindow>({ first: 0, last: 30 });
  const measure = () => {
    const element = scroller.current;
    if (!element) return;
    const top = Math.floor(element.scrollTop / rowPixels);
    const first = Math.max(0, top - beyond);
    const last = top + Math.ceil(element.clientHeight / rowPixels) + beyond;
    setWindow(old => (old.first === first && old.last === last ? old : { first, last }));
  };
  useEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    if (scroller.current) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [rowPixels, total]);
  /** Moves as little as it must. @param headPixels what stands over the rows */
  const show = (index: number, headPixels = 0) => {
    const element = scroller.current;
    if (!element) return;
    const [top, bottom] = [index * rowPixels, (index + 1) * rowPixels + headPixels];
    if (top < element.scrollTop) element.scrollTop = top;
    else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  };
  return { scroller, window, measure, show };
}
