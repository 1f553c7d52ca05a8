/**
 * What a demo shows: every direction of every pair that has a model here, on the samples of its source domain. Where
 * there is no sample that may be passed on, a direction is shown on what the other direction of its pair makes. It
 * knows no pair by name: plugins say which there are, and folders `FROM-to-TO` which samples.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CycleboxError, isJunk, packageRoot } from '../../base/index.js';
import { type Direction, type DomainPair, directionsOf, loadPlugins } from '../../catalog/index.js';

export interface DemoRoute {
  readonly pair: string;
  readonly from: string;
  readonly to: string;
  /** The folder of inbox and outbox: `horse-to-zebra`. */
  readonly folder: string;
  /** Names of the samples in that folder; empty when it is shown on the outputs of `shownOn`. */
  readonly samples: readonly string[];
  /** The folder of the direction whose outputs are its inputs. */
  readonly shownOn?: string;
}

export interface DemoPlan {
  /** In the order of pairs, each with its directions beside each other. */
  readonly routes: readonly DemoRoute[];
  /** `horse-zebra: horse → zebra`: has no model, or nothing to show it on. */
  readonly leftOut: readonly { readonly direction: string; readonly why: string }[];
  /** Models that are there and cannot be used, plugins that cannot be read. */
  readonly problems: readonly CycleboxError[];
}

export interface DemoPlaces {
  readonly plugins?: readonly string[] | undefined;
  readonly modelStore?: string | undefined;
  /** Default: the samples of this package. */
  readonly samples?: string | undefined;
}

export const samplesFolder: string = join(packageRoot, 'samples');

export const directionName = ({ pair, from, to }: Pick<DemoRoute, 'pair' | 'from' | 'to'>): string =>
  `${pair}: ${from} → ${to}`;

export async function planDemo({ plugins, modelStore, samples = samplesFolder }: DemoPlaces = {}): Promise<DemoPlan> {
  const catalog = await loadPlugins(plugins);
  const perPair = await Promise.all(catalog.pairs.map(pair => planPair(pair, samples, modelStore)));
  return {
    routes: perPair.flatMap(({ routes }) => routes),
    leftOut: perPair.flatMap(({ leftOut }) => leftOut),
    problems: [...catalog.problems, ...perPair.flatMap(({ problems }) => problems)],
  };
}

async function planPair(pair: DomainPair, samples: string, modelStore: string | undefined): Promise<DemoPlan> {
  const directions = await directionsOf(pair, { modelStore });
  const usable = directions.filter(({ model }) => model !== undefined);
  const own = await Promise.all(usable.map(direction => ownRoute(pair.id, direction, samples)));
  const routes = own.map(route => borrow(route, own));
  const isShown = ({ samples: names, shownOn }: DemoRoute) => names.length > 0 || shownOn !== undefined;
  const missing = directions.filter(({ problem }) => problem?.code === 'MODEL_MISSING');
  return {
    // What has samples of its own comes before what is shown on its outputs.
    routes: routes
      .filter(isShown)
      .toSorted((a, b) => Number(a.shownOn !== undefined) - Number(b.shownOn !== undefined)),
    leftOut: [
      ...missing.map(({ from, to }) => ({
        direction: directionName({ pair: pair.id, from, to }),
        why: 'no model yet',
      })),
      ...routes.filter(route => !isShown(route)).map(route => ({ direction: directionName(route), why: 'no samples' })),
    ],
    problems: directions.flatMap(({ problem }) => (problem && problem.code !== 'MODEL_MISSING' ? [problem] : [])),
  };
}

async function ownRoute(pair: string, { from, to }: Direction, samples: string): Promise<DemoRoute> {
  const folder = `${from}-to-${to}`;
  const names = await readdir(join(samples, folder)).catch(() => []);
  return { pair, from, to, folder, samples: names.filter(name => !isJunk(name)).sort() };
}

/** A route without samples takes the outputs of the one back, if that has any. */
function borrow(route: DemoRoute, all: readonly DemoRoute[]): DemoRoute {
  if (route.samples.length > 0) return route;
  const back = all.find(({ from, samples }) => from === route.to && samples.length > 0);
  return back ? { ...route, shownOn: back.folder } : route;
}
