/** Light, dark, or as the system has it; kept in the browser. */
import { signal } from '@preact/signals';
import { Icon } from '../parts/index.js';

type Theme = 'system' | 'light' | 'dark';

const key = 'cyclebox-theme';
const order: readonly Theme[] = ['system', 'light', 'dark'];
const theme = signal<Theme>(order.find(name => name === localStorage.getItem(key)) ?? 'system');

export function applyTheme(): void {
  document.documentElement.style.colorScheme = theme.value === 'system' ? 'light dark' : theme.value;
}

export function ThemeButton() {
  const turn = () => {
    theme.value = order[(order.indexOf(theme.value) + 1) % order.length] ?? 'system';
    localStorage.setItem(key, theme.value);
    applyTheme();
  };
  return (
    <button type="button" class="button quiet" onClick={turn} aria-label={`Colours: ${theme.value}`} title="Colours">
      <Icon name={theme.value === 'dark' ? 'moon' : 'sun'} size={16} /> {theme.value}
    </button>
  );
}
