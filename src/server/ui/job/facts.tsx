/** What is known of the translation that was made: of the last attempt that has a report. */
import type { JobAttempt, JobDetail } from '../contract.js';
import { status } from '../live/index.js';
import { formatBytes, formatCount, formatMs, formatTime, translationName } from '../words/index.js';

type Report = NonNullable<JobAttempt['report']>;

export function Facts({ job }: { readonly job: JobDetail }) {
  const report = job.attemptList.find(attempt => attempt.report)?.report;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Output', job.output],
    ['Size', report && `${sizeText(report)}, ${formatBytes(report.bytes)}`],
    ['Source', report?.sourceSize && sizeText(report.sourceSize)],
    ['Chosen', report?.translation && `${translationName(report.translation, status.value?.routes)}, by a router`],
    ['Device', report?.device],
    ['Precision', report?.precision],
    ['Tiles', report && (report.tiles > 1 ? formatCount(report.tiles) : '1, in one piece')],
    ['Scale', report?.scale === undefined ? undefined : String(report.scale)],
    ['Model', job.version === '' ? undefined : job.version],
    ['Priority', job.priority === 0 ? undefined : String(job.priority)],
    ['Came', formatTime(job.createdMs)],
    ['Changed', formatTime(job.updatedMs)],
  ];
  return (
    <section class="card">
      <h2>Facts</h2>
      <dl class="facts">
        {facts.map(([name, value]) => value !== undefined && <Fact key={name} name={name} value={value} />)}
      </dl>
      {report && <Timings report={report} />}
      {report?.notes?.map(note => (
        <p key={note} class="muted">
          {note}
        </p>
      ))}
    </section>
  );
}

function sizeText({ width, height }: { readonly width: number; readonly height: number }): string {
  return `${formatCount(width)} × ${formatCount(height)}`;
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}

/** A bar of all stages, and the same as a table. */
function Timings({ report: { decodeMs, loadMs, translateMs, encodeMs, stepsMs = 0 } }: { readonly report: Report }) {
  const parts: readonly (readonly [title: string, ms: number, key: string])[] = [
    ['Decode', decodeMs, 'decode'],
    ['Load the model', loadMs, 'load'],
    ['Translate', translateMs, 'translate'],
    ['Encode', encodeMs, 'encode'],
    ...(stepsMs > 0 ? ([["Plugins' steps", stepsMs, 'steps']] as const) : []),
  ];
  const total = Math.max(1, decodeMs + loadMs + translateMs + encodeMs + stepsMs);
  return (
    <>
      <div class="timings" aria-hidden="true">
        {parts.map(([title, ms, key]) => (
          <span
            key={key}
            class={key}
            title={`${title}: ${formatMs(ms)}`}
            style={{ flexGrow: Math.max(0.004, ms / total) }}
          />
        ))}
      </div>
      <table class="plain">
        <caption class="unseen">Time of each stage</caption>
        <tbody>
          {parts.map(([title, ms, key]) => (
            <tr key={key}>
              <th scope="row">
                <span class={`dot ${key}`} /> {title}
              </th>
              <td class="number">{formatMs(ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
