/** Images sent from this page: seen while they settle, wait and run, and shown before and after once they are done. */
import { Button, Icon, StateMark, Thumbnail } from '../parts/index.js';
import { clearUploads, type Upload, uploads } from './uploads.js';

export function SentImages() {
  if (uploads.value.length === 0) return null;
  return (
    <section class="card">
      <div class="card-head">
        <h2>Sent from here</h2>
        <Button isLocal kind="quiet" onClick={clearUploads}>
          Clear what has ended
        </Button>
      </div>
      <ul class="sent">
        {uploads.value.map(upload => (
          <Sent key={upload.key} upload={upload} />
        ))}
      </ul>
    </section>
  );
}

function Sent({ upload: { name, path, job, problem } }: { readonly upload: Upload }) {
  return (
    <li>
      {job ? <Thumbnail id={job.id} of="source" /> : <span class="thumbnail empty-picture" />}
      {job?.state === 'done' && (
        <>
          <Icon name="right" size={14} />
          <Thumbnail id={job.id} of="output" />
        </>
      )}
      <div class="sent-words">
        {job ? <a href={`/jobs/${job.id}`}>{name}</a> : <span>{name}</span>}
        {problem !== undefined ? <span class="fault">{problem}</span> : <Stage path={path} job={job} />}
      </div>
    </li>
  );
}

function Stage({ path, job }: { readonly path: string | undefined; readonly job: Upload['job'] }) {
  if (job)
    return (
      <span>
        <StateMark state={job.state} /> {job.error && job.state !== 'done' && <code>{job.error.code}</code>}
      </span>
    );
  return <span class="state settling">{path === undefined ? 'sending' : 'settling'}</span>;
}
