/** The configuration in force, each key with where its value comes from. It is changed in its file, which keeps its comments. */
import type { ConfigAnswer } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, Notice, PageHead, ProblemNotice, say, useAnswer } from '../parts/index.js';
import { query, setQuery } from '../router/index.js';

type Entry = ConfigAnswer['entries'][number];

export function ConfigPage() {
  const { answer, problem, reload } = useAnswer('getConfig');
  const isOnlyWritten = query.value.get('written') === '1';
  const entries = (answer?.entries ?? []).filter(({ origin }) => !isOnlyWritten || origin !== 'default');
  const takeOver = async () => {
    say(wordsOf(await ask('reloadConfig', { body: {} })));
    await reload();
  };
  return (
    <div class="page">
      <PageHead
        title="Configuration"
        note={
          <>
            {answer?.file === undefined ? 'no file: defaults' : <code>{answer.file}</code>}. Edit the file; it is taken
            over when it is saved. What the environment says wins over it, until the next start.
          </>
        }
      >
        <Button isLocal pressed={isOnlyWritten} onClick={() => setQuery({ written: isOnlyWritten ? undefined : '1' })}>
          Without defaults
        </Button>
        <Button icon="retry" onClick={takeOver}>
          Read again
        </Button>
      </PageHead>
      <ProblemNotice problem={problem} />
      {answer?.problem !== undefined && (
        <Notice severity="error" remedy="Mend the file; the configuration from before is in force.">
          {answer.problem}
        </Notice>
      )}
      <section class="card">
        <table class="plain config">
          <caption class="unseen">Keys of the configuration</caption>
          <thead>
            <tr>
              <th>Key</th>
              <th>Value</th>
              <th>Comes from</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(entry => (
              <Row key={entry.key} entry={entry} />
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Row({ entry: { key, value, origin, line, variables, description, needsRestart } }: { readonly entry: Entry }) {
  const from = {
    file: line === undefined ? 'the file' : `the file, line ${line}`,
    default: 'default',
    command: 'the command line',
    environment: (
      <>
        the environment: <code>{variables?.join(', ')}</code>
        {line !== undefined && `, over the file’s line ${line}`}
      </>
    ),
  };
  return (
    <tr>
      <th scope="row">
        <code>{key}</code>
        {description !== undefined && <p class="muted">{description}</p>}
      </th>
      <td>
        <pre>{typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)}</pre>
      </td>
      <td class={origin === 'default' ? 'muted' : ''}>
        {from[origin]}
        {needsRestart && <p class="muted">a change needs a restart</p>}
      </td>
    </tr>
  );
}

function wordsOf({
  kind,
  keys,
  error,
}: {
  readonly kind: string;
  readonly keys?: readonly string[] | undefined;
  readonly error?: { readonly message: string } | undefined;
}): string {
  if (kind === 'refused') return error?.message ?? 'The file was refused.';
  if (kind === 'applied') return `Taken over: ${keys?.join(', ') ?? 'changes'}.`;
  return 'The file is as it was.';
}
