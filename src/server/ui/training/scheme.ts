/** Whether colours are light or dark now, for what is drawn on canvases: it must be drawn again when that changes. */
import { signal } from '@preact/signals';

const dark = matchMedia('(prefers-color-scheme: dark)');

/** Of no meaning but that it changes. */
export const scheme = signal(now());

dark.addEventListener('change', () => {
  scheme.value = now();
});
new MutationObserver(() => {
  scheme.value = now();
}).observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });

function now(): string {
  return `${dark.matches} ${document.documentElement.style.colorScheme}`;
}
