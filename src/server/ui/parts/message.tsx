/** What a page says where it has nothing else to show, or where something is amiss: cause, and remedy. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.js';

export interface EmptyProps {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}

export function Empty({ icon, title, children }: EmptyProps) {
  return (
    <div class="empty">
      <Icon name={icon} size={32} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export interface NoticeProps {
  readonly severity: 'info' | 'warning' | 'error';
  readonly children: ComponentChildren;
  readonly remedy?: ComponentChildren;
}

const signs = { info: 'info', warning: 'failures', error: 'failed' } as const;

export function Notice({ severity, children, remedy }: NoticeProps) {
  return (
    <div class={`notice ${severity}`}>
      <Icon name={signs[severity]} />
      <div>
        <p>
          <strong class="unseen">{severity}: </strong>
          {children}
        </p>
        {remedy !== undefined && <p class="remedy">{remedy}</p>}
      </div>
    </div>
  );
}

/** Of an answer that did not come. */
export function ProblemNotice({ problem }: { readonly problem: Error | undefined }) {
  if (!problem) return null;
  return <Notice severity="error">{problem.message}</Notice>;
}
