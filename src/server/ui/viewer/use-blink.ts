/** Which of the two is seen when they are shown in turns, and while `b` is held. It does not move by itself where less motion is asked for. */
import { useCallback, useEffect, useState } from 'preact/hooks';

export interface Blink {
  readonly isBefore: boolean;
  readonly isHeld: boolean;
  readonly isPlaying: boolean;
  readonly hold: (isHeld: boolean) => void;
  readonly play: (isPlaying: boolean) => void;
  readonly flip: () => void;
}

const everyMs = 800;
const wantsCalm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

export function useBlink(isOn: boolean): Blink {
  const [isBefore, setBefore] = useState(false);
  const [isHeld, setHeld] = useState(false);
  const [isPlaying, setPlaying] = useState(() => !wantsCalm());
  useEffect(() => {
    if (!isOn || !isPlaying) return;
    const timer = setInterval(() => setBefore(old => !old), everyMs);
    return () => clearInterval(timer);
  }, [isOn, isPlaying]);
  const hold = useCallback((held: boolean) => setHeld(held), []);
  return { isBefore, isHeld, isPlaying, hold, play: setPlaying, flip: () => setBefore(old => !old) };
}
