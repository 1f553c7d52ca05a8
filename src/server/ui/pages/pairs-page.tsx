/** Every pair with the health of both directions, what each has done and costs, and a place to try an image. */
import type { PairHealth } from '../contract.js';
import { status } from '../live/index.js';
import { DropZone, SentImages } from '../overview/index.js';
import { Command, Empty, Icon, type IconName, Notice, PageHead, ProblemNotice, useAnswer } from '../parts/index.js';
import { formatBytes, formatCount, formatMs, plural } from '../words/index.js';

type Direction = PairHealth['directions'][number];

export function PairsPage() {
  const { answer, problem } = useAnswer('listPairs');
  const pairs = [...(answer?.pairs ?? [])].sort((one, other) => readiness(other) - readiness(one));
  return (
    <div class="page">
      <PageHead title="Pairs" note={answer && plural(pairs.length, 'pair')} />
      <ProblemNotice problem={problem} />
      {answer?.problems.map(({ code, message }) => (
        <Notice key={message} severity="error">
          <code>{code}</code> {message}
        </Notice>
      ))}
      <SentImages />
      {answer && pairs.length === 0 && (
        <Empty icon="pairs" title="No pairs yet">
          <p>Plugins bring them; a training makes one.</p>
          <a class="button" href="/training">
            To the trainings
          </a>
        </Empty>
      )}
      {pairs.map(pair => (
        <Pair key={`${pair.plugin.name}/${pair.id}`} pair={pair} />
      ))}
    </div>
  );
}

/** Those that work stand first. */
function readiness({ directions }: PairHealth): number {
  return directions.filter(({ health }) => health === 'ready').length;
}

function Pair({
  pair: { id, title, description, plugin, isDisabled, directions, trainCommand },
}: {
  readonly pair: PairHealth;
}) {
  return (
    <section class="card">
      <div class="card-head">
        <h2>
          {title} {title !== id && <code class="muted">{id}</code>}
        </h2>
        <span class="muted">
          {plugin.name} {plugin.version}
          {isDisabled && ', switched off'}
        </span>
      </div>
      {description !== undefined && <p class="muted">{description}</p>}
      <div class="columns">
        {directions.map(direction => (
          <DirectionCard key={direction.to} direction={direction} />
        ))}
      </div>
      {trainCommand !== undefined && <Command text={trainCommand} />}
    </section>
  );
}

const health: Readonly<Record<Direction['health'], readonly [IconName, string, string]>> = {
  ready: ['done', 'done', 'ready'],
  missing: ['info', 'quarantined', 'no model yet'],
  faulty: ['failed', 'failed', 'faulty'],
};

function DirectionCard({ direction }: { readonly direction: Direction }) {
  const { from, to, problem, model, selfTest, routes, done, failed, msPerImage, licence } = direction;
  const [icon, colour, words] = health[direction.health];
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Done', formatCount(done)],
    ['Failed', failed === 0 ? undefined : formatCount(failed)],
    ['An image takes', msPerImage === undefined ? undefined : formatMs(msPerImage)],
    ['Model', model && `${model.path}, ${formatBytes(model.sizeBytes)}`],
    ['SHA-256', model?.sha256],
    ['Self-test', selfTest?.text],
    ['Licence', licence],
  ];
  return (
    <div class="direction-card">
      <h3>
        {from} <Icon name="right" size={14} /> {to}
        <span class={`state ${colour}`}>
          <Icon name={icon} size={15} />
          {words}
        </span>
      </h3>
      {problem && <p class={direction.health === 'missing' ? 'muted' : 'fault'}>{problem.message}</p>}
      <dl class="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <>
                <dt>{name}</dt>
                <dd class={name === 'SHA-256' ? 'mono' : ''}>{value}</dd>
              </>
            ),
        )}
      </dl>
      {direction.health === 'ready' && <TryIt routes={routes} />}
    </div>
  );
}

/** An image is tried by the same way that all go: through the inbox of a route. */
function TryIt({ routes }: Pick<Direction, 'routes'>) {
  const known = status.value?.routes.filter(({ match }) => routes.some(route => route.match === match)) ?? [];
  if (known.length === 0)
    return <p class="muted">No route takes this direction: add one to watch-config.json to try an image.</p>;
  return (
    <>
      {known.map(route => (
        <DropZone key={route.match} route={route} offersSamples />
      ))}
    </>
  );
}
