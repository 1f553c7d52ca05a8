/** How two images can be compared. It stands in the address as `view`, so that it stays from job to job. */

export const modes = ['slider', 'sides', 'blink', 'difference'] as const;
export type Mode = (typeof modes)[number];

export function modeOf(text: string | null): Mode {
  return modes.find(mode => mode === text) ?? 'slider';
}
