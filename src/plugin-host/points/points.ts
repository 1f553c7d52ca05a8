/** All contribution points, in the order in which docs and schema list them. The manifest's schema is made of their fragments. */
import type { ContributionPointName } from '../../plugin-api/index.js';
import { commands } from './commands.js';
import { configuration } from './configuration.js';
import type { ContributionPoint } from './contribution-point.js';
import { domainPairs } from './domain-pairs.js';
import { metrics } from './metrics.js';
import { postprocessors } from './postprocessors.js';
import { preprocessors } from './preprocessors.js';
import { recipes } from './recipes.js';
import { routers } from './routers.js';

export const points: { readonly [Name in ContributionPointName]: ContributionPoint<Name> } = {
  domainPairs,
  preprocessors,
  postprocessors,
  routers,
  recipes,
  metrics,
  commands,
  configuration,
};

export const pointNames: readonly ContributionPointName[] = Object.keys(points) as ContributionPointName[];
