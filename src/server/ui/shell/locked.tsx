/** Where the token is missing: what to do, and a field for it. */
import { useState } from 'preact/hooks';
import { openSession } from '../live/index.js';
import { Command, Icon, ProblemNotice } from '../parts/index.js';

export function Locked() {
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<Error>();
  const enter = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      await openSession(tokenOf(token));
      location.reload();
    } catch (error) {
      setProblem(error as Error);
    }
  };
  return (
    <main class="locked">
      <Icon name="lock" size={32} />
      <h1>This dashboard asks for its token</h1>
      <p>Open the address that this command prints on the daemon's machine; it carries the token:</p>
      <Command text="cyclebox open" />
      <form class="row" onSubmit={enter}>
        <input
          type="password"
          aria-label="Token, or the whole address"
          placeholder="Token, or the whole address"
          autocomplete="current-password"
          value={token}
          onInput={event => setToken(event.currentTarget.value)}
        />
        <button type="submit" class="button primary">
          Enter
        </button>
      </form>
      <ProblemNotice problem={problem} />
    </main>
  );
}

function tokenOf(text: string): string {
  const inAddress = /#token=([^&]+)/.exec(text)?.[1];
  return inAddress === undefined ? text.trim() : decodeURIComponent(inAddress);
}
