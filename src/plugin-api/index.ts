/** What a plugin's author imports, as `cyclebox/plugin`. Types only: importing it loads nothing. */
export type {
  Contributions,
  DomainPairContribution,
  ModelContribution,
  ModelFit,
  ModelLicence,
  ModelQuality,
  PluginManifest,
  QualityFigure,
  Scale,
} from './manifest.js';
