/** What can be asked of a run: of one under way here, and of one that has ended. */
import type { TrainingDetail } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, confirm, say } from '../parts/index.js';

type Action = 'stop' | 'checkpoint' | 'sample' | 'export' | 'resume';

export function RunActions({
  run: { id, state, isOurs },
  onChange,
}: {
  readonly run: TrainingDetail;
  readonly onChange: () => Promise<void>;
}) {
  const act = (action: Action) => async () => {
    const { message } = await ask('askTraining', { params: { id }, body: { action } });
    say(message);
    await onChange();
  };
  const stop = async () => {
    const text = 'It writes a checkpoint first, from which it can be resumed.';
    if (await confirm({ title: `Stop ${id}?`, text, action: 'Stop it' })) await act('stop')();
  };
  if (isOurs && (state === 'training' || state === 'preparing' || state === 'stopping'))
    return (
      <>
        <Button onClick={act('sample')} disabled={state !== 'training'}>
          Samples now
        </Button>
        <Button onClick={act('checkpoint')} disabled={state !== 'training'}>
          Checkpoint
        </Button>
        <Button icon="download" onClick={act('export')} disabled={state !== 'training'}>
          Export
        </Button>
        <Button icon="stop" kind="danger" onClick={stop} disabled={state === 'stopping'}>
          Stop
        </Button>
      </>
    );
  const canResume = state === 'stopped' || state === 'lost' || state === 'failed';
  return (
    <>
      {canResume && (
        <Button icon="play" kind="primary" onClick={act('resume')}>
          Resume
        </Button>
      )}
    </>
  );
}
