/** One job: before and after, everything that is known of it, and its neighbours in the list that it was opened from. */
import { useEffect, useState } from 'preact/hooks';
import type { JobDetail } from '../contract.js';
import { carriedQuery, changeJobs, filterOf } from '../jobs/index.js';
import { addressOf, onJobs, status } from '../live/index.js';
import { Button, Command, Empty, Icon, Notice, PageHead, StateMark, useAnswer, useKeys } from '../parts/index.js';
import { navigate, query } from '../router/index.js';
import { CompareViewer } from '../viewer/index.js';
import { splitPath, translationName } from '../words/index.js';
import { Attempts } from './attempts.js';
import { Facts } from './facts.js';
import { JobLog } from './job-log.js';

export function JobPage({ id }: { readonly id: string }) {
  const { answer: job, problem, reload } = useAnswer('getJob', { params: { id } });
  const [moment, setMoment] = useState(0);
  useEffect(
    () =>
      onJobs(({ jobs, many }) => {
        if (!many && !jobs.some(row => row.id === id)) return;
        setMoment(old => old + 1);
        void reload();
      }),
    [id],
  );
  useJobKeys(id);
  if (problem && !job) return <NoJob message={problem.message} />;
  if (!job) return <PageHead title="Job" />;
  const { folder, name } = splitPath(job.path);
  return (
    <div class="page job">
      <PageHead
        title={name}
        note={
          <>
            {folder !== '' && <span class="mono">{folder}</span>}{' '}
            {translationName(job.translation, status.value?.routes)} <StateMark state={job.state} />
          </>
        }
      >
        <Neighbours id={id} />
        <JobActions job={job} />
      </PageHead>
      <Misfits job={job} />
      <CompareViewer key={id} pictures={picturesOf(job)} names={namesOf(job)} />
      <div class="columns">
        <Facts job={job} />
        <Attempts job={job} />
      </div>
      {job.command && (
        <section class="card">
          <h2>The same by the command line</h2>
          <Command text={job.command} />
          <p class="muted">Plugin by plugin, with the picture after each stage, and nothing published:</p>
          <Command text={`cyclebox replay ${id}`} />
        </section>
      )}
      <JobLog id={id} moment={moment} />
    </div>
  );
}

function picturesOf({ id, state, output }: JobDetail) {
  const hasOutput = state === 'done' && output !== undefined;
  return {
    before: addressOf('getImage', { id }, { of: 'source' }),
    ...(hasOutput && { after: addressOf('getImage', { id }, { of: 'output' }) }),
  };
}

function namesOf({ translation }: JobDetail): readonly [string, string] {
  const route = status.value?.routes.find(one => one.translation === translation);
  return [route?.from ?? 'before', route?.to ?? translation.split('/')[1] ?? 'after'];
}

/** What does not go without saying: why it failed, and files that are no more what they were. */
function Misfits({ job: { state, error, remedy, source, result, notBeforeMs } }: { readonly job: JobDetail }) {
  const hasFailed = state === 'failed' || state === 'quarantined';
  return (
    <>
      {error && hasFailed && (
        <Notice severity="error" remedy={remedy}>
          <code>{error.code}</code> {error.message}
        </Notice>
      )}
      {error && !hasFailed && state !== 'done' && (
        <Notice severity="info" remedy={notBeforeMs === undefined ? undefined : 'It is tried again by itself.'}>
          <code>{error.code}</code> {error.message}
        </Notice>
      )}
      {source !== 'there' && (
        <Notice severity="warning">
          {source === 'gone' ? 'The source was moved or deleted since.' : 'The source has been changed since.'} What is
          shown is what was kept of it, where something was.
        </Notice>
      )}
      {result === 'gone' && (
        <Notice severity="warning" remedy="Retry the job, while its source is there.">
          The output was moved or deleted since.
        </Notice>
      )}
    </>
  );
}

function useNeighbours(id: string) {
  const filter = filterOf(query.value, Date.now());
  return useAnswer('getNeighbours', { params: { id }, query: filter }).answer;
}

function Neighbours({ id }: { readonly id: string }) {
  const near = useNeighbours(id);
  const kept = keptQuery();
  const go = (other: string | undefined) => other !== undefined && navigate(`/jobs/${other}${kept}`, { replace: true });
  useKeys({ ArrowLeft: () => go(near?.previous), ArrowRight: () => go(near?.next) });
  return (
    <div class="segments">
      <a class="button" href={`/jobs${carriedQuery(query.value)}`}>
        <Icon name="jobs" size={16} /> List
      </a>
      <Button isLocal icon="left" label="Previous job" disabled={!near?.previous} onClick={() => go(near?.previous)} />
      <Button isLocal icon="right" label="Next job" disabled={!near?.next} onClick={() => go(near?.next)} />
    </div>
  );
}

/** The list's filter and how images are compared go along. */
function keptQuery(): string {
  const text = query.value.toString();
  return text === '' ? '' : `?${text}`;
}

function JobActions({ job: { id, state } }: { readonly job: JobDetail }) {
  const isUnderWay = state === 'running' || state === 'queued';
  return (
    <>
      {state === 'queued' && (
        <Button icon="next" onClick={() => changeJobs('run-next', [id])}>
          Run next
        </Button>
      )}
      {isUnderWay && (
        <Button icon="cancel" onClick={() => changeJobs('cancel', [id])}>
          Cancel
        </Button>
      )}
      {!isUnderWay && state !== 'publishing' && (
        <Button icon="retry" kind={state === 'done' ? 'plain' : 'primary'} onClick={() => changeJobs('retry', [id])}>
          Retry
        </Button>
      )}
    </>
  );
}

function useJobKeys(id: string): void {
  useKeys({
    r: () => void changeJobs('retry', [id]),
    c: () => void changeJobs('cancel', [id]),
    Escape: () => navigate(`/jobs${carriedQuery(query.value)}`),
  });
}

function NoJob({ message }: { readonly message: string }) {
  return (
    <>
      <PageHead title="Job" />
      <Empty icon="image" title="This job is not here">
        <p>{message}</p>
        <a class="button" href="/jobs">
          All jobs
        </a>
      </Empty>
    </>
  );
}
