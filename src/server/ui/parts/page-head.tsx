/** The head of every page: its name, a sentence where one helps, and what can be done. The name is also the window's. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

export interface PageHeadProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  readonly note?: ComponentChildren;
}

export function PageHead({ title, note, children }: PageHeadProps) {
  useEffect(() => {
    document.title = `${title} · cyclebox`;
  }, [title]);
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {note !== undefined && <p class="muted">{note}</p>}
      </div>
      {children !== undefined && <div class="row">{children}</div>}
    </header>
  );
}
