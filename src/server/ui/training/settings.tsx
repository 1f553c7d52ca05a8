/** The settings of a run; beside another one, those that differ. */
import type { TrainingDetail } from '../contract.js';

export function Settings({ run, other }: { readonly run: TrainingDetail; readonly other: TrainingDetail | undefined }) {
  const keys = [...new Set([...Object.keys(run.settings), ...Object.keys(other?.settings ?? {})])].sort();
  const isSame = (key: string) => words(run.settings[key]) === words(other?.settings[key]);
  const shown = other ? keys.filter(key => !isSame(key)) : keys;
  return (
    <section class="card">
      <h2>{other ? 'Settings that differ' : 'Settings'}</h2>
      {shown.length === 0 && <p class="muted">None.</p>}
      <table class="plain settings">
        <caption class="unseen">Settings</caption>
        <thead>
          <tr>
            <th>Setting</th>
            <th>{run.id}</th>
            {other && <th>{other.id}</th>}
          </tr>
        </thead>
        <tbody>
          {shown.map(key => (
            <tr key={key}>
              <th scope="row">
                <code>{key}</code>
              </th>
              <td>{words(run.settings[key])}</td>
              {other && <td>{words(other.settings[key])}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function words(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
