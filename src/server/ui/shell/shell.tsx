/** What stands around every page: the menu, the state of the daemon, what is amiss, messages and questions. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { connection, status } from '../live/index.js';
import { Confirmation, Icon, Toasts, useKeys } from '../parts/index.js';
import { path } from '../router/index.js';
import { Calm } from './calm-region.js';
import { KeyHelp } from './key-help.js';
import { Locked } from './locked.js';
import { Notices } from './notices.js';
import { type Place, pageAt, places } from './pages.js';
import { QueueState } from './queue-state.js';
import { ThemeButton } from './theme.js';

export function Shell() {
  if (connection.value.kind === 'locked') return <Locked />;
  return <Frame />;
}

function Frame() {
  const [isMenuOpen, setMenuOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const here = path.value;
  useEffect(() => setMenuOpen(false), [here]);
  useFocusOnPage(here, main);
  useKeys({ '?': () => setHelpOpen(true) });
  return (
    <div class="frame">
      <a class="skip" href="#main">
        To the page
      </a>
      <aside class={isMenuOpen ? 'side open' : 'side'}>
        <div class="brand">
          <img src="/icon.svg" alt="" width={26} height={26} /> cyclebox
          <button
            type="button"
            class="button quiet only-icon menu"
            aria-expanded={isMenuOpen}
            aria-label="Menu"
            onClick={() => setMenuOpen(!isMenuOpen)}
          >
            <Icon name={isMenuOpen ? 'close' : 'menu'} />
          </button>
        </div>
        <nav aria-label="Pages">
          {places.map(place => (
            <Item key={place.href} place={place} here={here} />
          ))}
        </nav>
        <div class="row foot">
          <ThemeButton />
          <button type="button" class="button quiet" onClick={() => setHelpOpen(true)}>
            <Icon name="help" size={16} /> Keys
          </button>
        </div>
      </aside>
      <div class="body">
        <QueueState />
        <Notices />
        <main id="main" ref={main} tabIndex={-1}>
          {pageAt(here)}
        </main>
      </div>
      <Toasts />
      <Confirmation />
      <KeyHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
      <Calm />
    </div>
  );
}

function Item({ place: { href, title, icon }, here }: { readonly place: Place; readonly here: string }) {
  const isHere = href === '/' ? here === '/' : here === href || here.startsWith(`${href}/`);
  const { counts = {} } = status.value ?? {};
  const failed = (counts['failed'] ?? 0) + (counts['quarantined'] ?? 0);
  return (
    <a href={href} aria-current={isHere ? 'page' : undefined}>
      <Icon name={icon} /> {title}
      {href === '/failures' && failed > 0 && <span class="badge">{failed > 999 ? '999+' : failed}</span>}
    </a>
  );
}

/** A new page is read from its head; the first one leaves the focus where the browser puts it. */
function useFocusOnPage(here: string, main: { readonly current: HTMLElement | null }): void {
  const isFirst = useRef(true);
  useEffect(() => {
    if (!isFirst.current) main.current?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    if (!isFirst.current) window.scrollTo(0, 0);
    isFirst.current = false;
  }, [here.split('/')[1]]);
}
