/** Plugins: how each stands, what it brings, what its process may do and what it has cost, and a switch. */
import type { PluginStatus } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, confirm, Empty, Icon, PageHead, ProblemNotice, say, useAnswer } from '../parts/index.js';
import { formatNumber, plural } from '../words/index.js';

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
  const { name, version, folder, origin, state, isEnabled, pairs, permissions, cost, problem } = plugin;
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          {name} <span class="muted">{version}</span>
        </h2>
        <span class={`state ${problem ? 'failed' : isEnabled ? 'done' : 'cancelled'}`}>
          <Icon name={problem ? 'failed' : isEnabled ? 'done' : 'cancel'} size={15} />
          {isEnabled ? state : 'off'}
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
      </dl>
      {cost && <Ledger cost={cost} />}
      <div class="row end">
        <Button onClick={() => turn(plugin).then(onChange)}>{isEnabled ? 'Switch off' : 'Switch on'}</Button>
      </div>
    </section>
  );
}

function Ledger({ cost }: { readonly cost: NonNullable<PluginStatus['cost']> }) {
  return (
    <table class="plain">
      <caption>What it has cost</caption>
      <tbody>
        {Object.entries(cost).map(([what, value]) => (
          <tr key={what}>
            <th scope="row">{what}</th>
            <td class="number">{formatNumber(value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

async function turn({ name, isEnabled, pairs }: PluginStatus): Promise<void> {
  const text = `Images of ${pairs.join(', ') || 'its pairs'} wait until it is on again.`;
  const question = { title: `Switch ${name} off?`, text, action: 'Switch off', isDangerous: true };
  if (isEnabled && !(await confirm(question))) return;
  const { message } = await ask('switchPlugin', { params: { name }, body: { enabled: !isEnabled } });
  say(message);
}
