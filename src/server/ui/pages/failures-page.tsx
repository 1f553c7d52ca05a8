/** What stands as failed, by cause, the most frequent first: what it means, what helps, and all of a cause done again at once. */
import { useEffect } from 'preact/hooks';
import type { FailureGroup } from '../contract.js';
import { changeAll } from '../jobs/index.js';
import { onJobs, status } from '../live/index.js';
import { Button, Empty, Notice, PageHead, ProblemNotice, Thumbnail, useAnswer } from '../parts/index.js';
import { formatAge, nowMs, plural, translationName } from '../words/index.js';

/** Between two askings that news brings about. */
const refreshMs = 1000;
const failed = ['failed', 'quarantined'] as const;

export function FailuresPage() {
  const { answer, problem, reload } = useAnswer('listFailures');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = onJobs(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void reload();
      }, refreshMs);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  const groups = answer?.groups ?? [];
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return (
    <div class="page">
      <PageHead title="Failures" note={answer && `${plural(total, 'job')} of ${plural(groups.length, 'cause')}`}>
        <Button
          icon="retry"
          disabled={total === 0}
          onClick={() => changeAll('retry', { states: [...failed] }, total).then(reload)}
        >
          Retry all
        </Button>
      </PageHead>
      <ProblemNotice problem={problem} />
      {answer && groups.length === 0 && (
        <Empty icon="done" title="Nothing stands as failed">
          <p>What fails is gathered here by its cause, with what helps.</p>
        </Empty>
      )}
      {groups.map(group => (
        <Group key={group.code} group={group} onChange={reload} />
      ))}
    </div>
  );
}

interface GroupProps {
  readonly group: FailureGroup;
  readonly onChange: () => Promise<void>;
}

function Group({ group, onChange }: GroupProps) {
  const { code, meaning, remedy, count, quarantined, newestMs, translations, examples } = group;
  const routes = status.value?.routes;
  return (
    <section class="card failure">
      <div class="card-head">
        <h2>
          <code>{code}</code> <span class="muted">{plural(count, 'job')}</span>
        </h2>
        <div class="row">
          <a class="button" href={`/jobs?state=failed&code=${encodeURIComponent(code)}`}>
            Show
          </a>
          <Button
            icon="retry"
            kind="primary"
            onClick={() => changeAll('retry', { states: [...failed], code }, count).then(onChange)}
          >{`Retry ${count === 1 ? 'it' : `these ${count}`}`}</Button>
        </div>
      </div>
      <p>{meaning}</p>
      <Notice severity="info">{remedy}</Notice>
      <p class="muted">
        {Object.entries(translations)
          .map(([key, many]) => `${translationName(key, routes)}: ${many}`)
          .join(' · ')}
        {' · '}the latest {formatAge(newestMs, nowMs.value)}
        {quarantined > 0 && ` · ${quarantined} in quarantine, not tried again by themselves`}
      </p>
      <ul class="examples">
        {examples.map(({ id, path, message }) => (
          <li key={id}>
            <Thumbnail id={id} of="source" />
            <div>
              <a href={`/jobs/${id}?state=failed&code=${encodeURIComponent(code)}`}>{path}</a>
              <p class="muted">{message}</p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
