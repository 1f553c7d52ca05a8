/** Everything that the daemon depends on, looked at when asked: the same words as `cyclebox doctor`. */
import { useState } from 'preact/hooks';
import type { DoctorAnswer } from '../contract.js';
import { ask } from '../live/index.js';
import { Button, Empty, Notice, PageHead } from '../parts/index.js';
import { formatTime } from '../words/index.js';

interface Found {
  readonly atMs: number;
  readonly answer: DoctorAnswer;
}

export function DoctorPage() {
  const [found, setFound] = useState<Found>();
  const [isLooking, setLooking] = useState(false);
  const look = async () => {
    setLooking(true);
    try {
      setFound({ answer: await ask('runDoctor', { body: {} }), atMs: Date.now() });
    } finally {
      setLooking(false);
    }
  };
  return (
    <div class="page">
      <PageHead title="Doctor" note={found ? `looked at ${formatTime(found.atMs)}` : 'cyclebox doctor, from here'}>
        <Button icon="doctor" kind="primary" onClick={look}>
          {isLooking ? 'Looking…' : found ? 'Look again' : 'Look now'}
        </Button>
      </PageHead>
      {!found && (
        <Empty icon="doctor" title={isLooking ? 'Looking at everything…' : 'Is everything well?'}>
          <p>Folders, models, routes, devices and memory are tried. It takes some seconds, and stops nothing.</p>
        </Empty>
      )}
      {found && <Findings answer={found.answer} />}
    </div>
  );
}

function Findings({ answer: { ok, complaints, lines } }: { readonly answer: DoctorAnswer }) {
  return (
    <>
      {complaints.length === 0 && (
        <Notice severity="info">{ok ? 'Everything is well.' : 'It cannot run; see below.'}</Notice>
      )}
      {complaints.map(({ about, blocking, message, remedy }) => (
        <Notice key={about + message} severity={blocking ? 'error' : 'warning'} remedy={remedy}>
          <strong>{about}</strong> {message}
        </Notice>
      ))}
      <section class="card">
        <h2>All that was found</h2>
        <pre class="words">{lines.join('\n')}</pre>
      </section>
    </>
  );
}
