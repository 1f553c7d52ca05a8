/** Plugins: how each stands, what it brings, what its process may do and what it has cost, and a switch. */
import { useState } from 'preact/hooks';
import type { PluginStatus } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, confirm, Empty, Icon, PageHead, ProblemNotice, say, useAnswer } from '../parts/index.js';
import { formatBytes, formatMs, plural } from '../words/index.js';

export function PluginsPage() {
  const { answer, problem, reload } = useAnswer('listPlugins');
  const plugins = answer?.plugins ?? [];
  return (
    <div class="page">
      <PageHead title="Plugins" note={answer && plural(plugins.length, 'plugin')} />
      <ProblemNotice problem={problem} />
      {answer && plugins.length === 0 && (
        <Empty icon="plugins" title="No plugins">
          <p>
            Name their folders under <code>plugins</code> of watch-config.json, or install one with{' '}
            <code>cyclebox plugins install</code>.
          </p>
        </Empty>
      )}
      <div class="cards">
        {plugins.map(plugin => (
          <Plugin key={plugin.name} plugin={plugin} onChange={reload} />
        ))}
      </div>
    </div>
  );
}

interface PluginProps {
  readonly plugin: PluginStatus;
  readonly onChange: () => Promise<void>;
}

function Plugin({ plugin, onChange }: PluginProps) {
  const { name, version, folder, origin, state, isEnabled, pairs, permissions, commands, cost, problem } = plugin;
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          {name} <span class="muted">{version}</span>
        </h2>
        <span class={`state ${problem ? 'failed' : isEnabled ? 'done' : 'cancelled'}`}>
          <Icon name={problem ? 'failed' : isEnabled ? 'done' : 'cancel'} size={15} />
          {state}
        </span>
      </div>
      {problem && (
        <p class="fault">
          <code>{problem.code}</code> {problem.message}
        </p>
      )}
      <dl class="facts">
        <dt>Comes from</dt>
        <dd>{origin}</dd>
        <dt>Folder</dt>
        <dd class="mono">{folder}</dd>
        <dt>Pairs</dt>
        <dd>{pairs.length === 0 ? 'none' : pairs.join(', ')}</dd>
        <dt>May</dt>
        <dd>{permissions.length === 0 ? 'nothing: it is data alone' : permissions.join(', ')}</dd>
        {cost && (
          <>
            <dt>Has cost</dt>
            <dd>{costText(cost)}</dd>
          </>
        )}
        {plugin.process && (
          <>
            <dt>Process</dt>
            <dd>
              {plugin.process.pid}
              {plugin.process.memoryBytes !== undefined && `, ${formatBytes(plugin.process.memoryBytes)}`}
            </dd>
          </>
        )}
      </dl>
      {commands.map(command => (
        <CommandRow key={command.command} command={command} />
      ))}
      <div class="row end">
        <Button onClick={() => turn(plugin).then(onChange)}>{isEnabled ? 'Switch off' : 'Switch on'}</Button>
      </div>
    </section>
  );
}

type Command = PluginStatus['commands'][number];

/** A command, with the words that it is given, and what came of it. */
function CommandRow({ command: { command, title, description } }: { readonly command: Command }) {
  const [words, setWords] = useState('');
  const [text, setText] = useState<string>();
  const run = async () => {
    const body = { words: words.split(/\s+/).filter(Boolean) };
    const answer = await ask('runPluginCommand', { params: { command }, body });
    setText(answer.text);
  };
  return (
    <div class="plugin-command">
      <div class="row">
        <span title={description}>{title}</span>
        <input
          type="text"
          aria-label={`Words for ${command}`}
          placeholder={command}
          value={words}
          onInput={event => setWords(event.currentTarget.value)}
        />
        <Button onClick={run}>Run</Button>
      </div>
      {text !== undefined && text !== '' && <pre>{text}</pre>}
    </div>
  );
}

/** Of its process, since its ledger was begun; a plugin that is data alone has none. */
function costText({ calls = 0, failures = 0, totalMs = 0, longestMs = 0, starts = 0, crashes = 0, peakBytes = 0 }) {
  if (starts === 0 && calls === 0) return 'nothing yet: it has not run';
  const parts = [
    `${plural(calls, 'call')} in ${formatMs(totalMs)}, the longest ${formatMs(longestMs)}`,
    failures > 0 && plural(failures, 'failure'),
    plural(starts, 'start'),
    crashes > 0 && plural(crashes, 'crash', 'crashes'),
    peakBytes > 0 && `${formatBytes(peakBytes)} of memory at most`,
  ];
  return parts.filter(Boolean).join(' · ');
}

async function turn({ name, isEnabled, pairs }: PluginStatus): Promise<void> {
  const text = `Images of ${pairs.join(', ') || 'its pairs'} wait until it is on again.`;
  const question = { title: `Switch ${name} off?`, text, action: 'Switch off', isDangerous: true };
  if (isEnabled && !(await confirm(question))) return;
  const { message } = await ask('switchPlugin', { params: { name }, body: { enabled: !isEnabled } });
  say(message);
}
