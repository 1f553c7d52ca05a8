/** The signs of the pages, drawn as lines of 24 × 24. They say nothing alone: a word stands beside them, or the button has a label. */

const shapes = {
  overview: 'M4 13h6V4H4zM14 20h6V4h-6zM4 20h6v-3H4z',
  jobs: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  failures:
    'M12 9v4m0 3.500h.01M10.300 4.300 2.700 17.500A2 2 0 0 0 4.400 20.500h15.200a2 2 0 0 0 1.700-3L13.700 4.300a2 2 0 0 0-3.400 0z',
  pairs: 'M4 8h14m-4-4 4 4-4 4M20 16H6m4-4-4 4 4 4',
  training: 'M4 19V5M4 19h16M7 15c2-6 4-7 6-4s3 3 6-4',
  plugins: 'M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3',
  doctor: 'M3 12h4l3-8 4 16 3-8h4',
  config: 'M4 7h9m4 0h3M4 17h3m4 0h9M15 4.500v5M9 14.500v5',
  log: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7',
  api: 'm8 7-5 5 5 5m8-10 5 5-5 5M14 4l-4 16',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  pause: 'M8 5v14M16 5v14',
  play: 'M7 4.500v15l12-7.500z',
  retry:
    'M4 12a8 8 0 0 1 13.700-5.600L20 8.500M20 4v4.500h-4.500M20 12a8 8 0 0 1-13.700 5.600L4 15.500M4 20v-4.500h4.500',
  cancel: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 8l8 8',
  next: 'M4 5v14l9-7zM17 5v14',
  left: 'm14 6-6 6 6 6',
  right: 'm10 6 6 6-6 6',
  down: 'm6 10 6 6 6-6',
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.500 16.500 21 21',
  done: 'm5 12.500 4.500 4.500L19 7.500',
  failed: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9l6 6m0-6-6 6',
  running: 'M12 3a9 9 0 1 1-9 9M12 7v5l3 2',
  queued: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 2',
  quarantined: 'M12 3 4.500 6v5.500c0 4.500 3 8 7.500 9.500 4.500-1.500 7.500-5 7.500-9.500V6zM12 8v4.500m0 3h.01',
  skipped: 'm5 5 7 7-7 7M12 5l7 7-7 7',
  upload: 'M12 16V4m-5 5 5-5 5 5M4 16v4h16v-4',
  download: 'M12 4v12m-5-5 5 5 5-5M4 20h16',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.500 1.500m11 11L19 19M5 19l1.500-1.500m11-11L19 5',
  moon: 'M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z',
  help: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.700.300-1 .900-1 1.700M12 17h.01',
  info: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5m0-8h.01',
  bell: 'M6 10a6 6 0 0 1 12 0c0 5 2 6 2 7H4c0-1 2-2 2-7zM10 20h4',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 2.500-2.500L20 17M15 9h.01',
  slider: 'M12 3v18M8 9l-3 3 3 3m8-6 3 3-3 3',
  sides: 'M3 5h8v14H3zM13 5h8v14h-8z',
  blink:
    'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z',
  difference: 'M9 4a6 6 0 1 0 0 12A6 6 0 0 0 9 4zm6 4a6 6 0 1 0 0 12 6 6 0 0 0 0-12z',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  stop: 'M6 6h12v12H6z',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
