/** A command line that does the same, to be copied. */

import { Icon } from './icon.js';
import { say } from './toasts.js';

export function Command({ text }: { readonly text: string }) {
  const copy = async () => {
    await navigator.clipboard?.writeText(text);
    say('Copied.');
  };
  return (
    <div class="command">
      <code>{text}</code>
      {'clipboard' in navigator && (
        <button type="button" class="button quiet only-icon" aria-label="Copy the command" title="Copy" onClick={copy}>
          <Icon name="copy" size={15} />
        </button>
      )}
    </div>
  );
}
