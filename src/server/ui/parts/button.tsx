/** A button that acts on the daemon: off while the page is not live, and while what it began is under way. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { isLive } from '../live/index.js';
import { Icon, type IconName } from './icon.js';
import { sayProblem } from './toasts.js';

export interface ButtonProps {
  readonly children?: ComponentChildren;
  readonly icon?: IconName;
  /** For a button without words. */
  readonly label?: string;
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  /** It acts on the page alone, so that it works without the daemon. */
  readonly isLocal?: boolean;
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly title?: string;
  readonly onClick: () => unknown;
}

export function Button({
  children,
  icon,
  label,
  kind = 'plain',
  isLocal,
  disabled,
  pressed,
  title,
  onClick,
}: ButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const act = () => {
    const outcome = onClick();
    if (!(outcome instanceof Promise)) return;
    setBusy(true);
    outcome.catch(sayProblem).finally(() => setBusy(false));
  };
  return (
    <button
      type="button"
      class={`button ${kind}${children === undefined ? ' only-icon' : ''}`}
      disabled={disabled === true || isBusy || (isLocal !== true && !isLive.value)}
      {...(pressed !== undefined && { 'aria-pressed': pressed })}
      {...(label !== undefined && { 'aria-label': label })}
      title={title ?? label}
      onClick={act}
    >
      {icon && <Icon name={icon} size={16} />}
      {children}
    </button>
  );
}
