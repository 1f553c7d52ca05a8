/**
 * What stands in the way of a plugin, or of handing it on: each finding with the reason behind it and what to do. Nothing of the
 * plugin is run; its models are read and held against its manifest, not opened by an engine.
 */
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { asCycleboxError } from '../../base/index.js';
import { locateModel } from '../../catalog/index.js';
import type { ModelContribution } from '../../plugin-api/index.js';
import { activationEventsOf, findPlugin, type Plugin, packageKeyword } from '../../plugin-host/index.js';

/** `error`: it does not work. `warning`: others will have trouble with it. `hint`: it could be better. */
export type Severity = 'error' | 'warning' | 'hint';

export interface Finding {
  readonly severity: Severity;
  readonly rule: string;
  readonly message: string;
  /** Why it matters. */
  readonly why: string;
}

/** @param folder of the plugin, absolute */
export async function findingsOf(folder: string): Promise<readonly Finding[]> {
  const { plugin, problem } = await findPlugin(folder, 'folder');
  if (problem)
    return [finding('error', 'manifest', `${problem}`, 'Without a sound manifest nothing of the plugin is used.')];
  return [
    ...plugin.notes.map(note =>
      finding('warning', 'engine', note, 'The next major version of the API will refuse it.'),
    ),
    ...manifestFindings(plugin),
    ...codeFindings(plugin),
    ...(await modelFindings(plugin)),
    ...(await folderFindings(plugin)),
  ];
}

function manifestFindings({ manifest, publisher }: Plugin): readonly Finding[] {
  const {
    keywords,
    scripts = {},
    description,
  } = manifest as unknown as {
    readonly keywords?: unknown;
    readonly scripts?: Readonly<Record<string, string>>;
    readonly description?: string;
  };
  const installScripts = ['preinstall', 'install', 'postinstall'].filter(name => name in scripts);
  return [
    ...(publisher === undefined
      ? [
          finding(
            'warning',
            'publisher',
            'The manifest names no "publisher".',
            'Files and npm packages without one are not installed: nobody answers for them.',
          ),
        ]
      : []),
    ...(Array.isArray(keywords) && keywords.includes(packageKeyword)
      ? []
      : [
          finding(
            'hint',
            'keyword',
            `"${packageKeyword}" is not among its keywords.`,
            'As an npm package it is found by that word.',
          ),
        ]),
    ...(description ? [] : [finding('hint', 'description', 'The manifest has no "description".', 'Lists show it.')]),
    ...installScripts.map(name =>
      finding(
        'warning',
        'scripts',
        `scripts.${name} will not run.`,
        'No script of a package runs when a plugin is installed.',
      ),
    ),
  ];
}

function codeFindings({ main, manifest }: Plugin): readonly Finding[] {
  const { activationEvents: listed = [], contributes } = manifest;
  const implied = activationEventsOf({ ...manifest, activationEvents: [] });
  const redundant = listed.filter(event => implied.includes(event));
  const idle = main !== undefined && implied.length + listed.length === 0;
  const never = main === undefined && (listed.length > 0 || manifest.permissions !== undefined);
  return [
    ...redundant.map(event =>
      finding('hint', 'activation', `activationEvents: "${event}" follows from "contributes".`, 'It can be left out.'),
    ),
    ...(idle
      ? [
          finding(
            'warning',
            'activation',
            'It has code, and nothing ever activates it.',
            'Contribute what the code does, or list "onStartupFinished".',
          ),
        ]
      : []),
    ...(never
      ? [
          finding(
            'warning',
            'code',
            'It lists activation events or permissions, and has no "main".',
            'Both are about code.',
          ),
        ]
      : []),
    ...(Object.keys(contributes).length === 0
      ? [finding('warning', 'contributes', 'It contributes nothing.', 'Nobody will notice that it is there.')]
      : []),
  ];
}

async function modelFindings({ folder, manifest }: Plugin): Promise<readonly Finding[]> {
  const models = (manifest.contributes.domainPairs ?? []).flatMap(({ id, models: byTarget = {} }) =>
    Object.entries(byTarget).map(([to, model]) => ({ at: `${id}/${to}`, model })),
  );
  return (await Promise.all(models.map(({ at, model }) => findingsOfModel(folder, at, model)))).flat();
}

async function findingsOfModel(folder: string, at: string, model: ModelContribution): Promise<readonly Finding[]> {
  const fault = await locateModel(model, { pluginFolder: folder }).then(
    () => undefined,
    error => asCycleboxError(error),
  );
  const isMissing = fault?.code === 'MODEL_MISSING';
  return [
    ...(fault && !isMissing
      ? [finding('error', 'model', `${at}: ${fault}`, 'A model that is not what its manifest says is never used.')]
      : []),
    ...(isMissing
      ? [finding('warning', 'model', `${at}: ${fault.message}`, 'Only this direction cannot be used.')]
      : []),
    ...(model.sha256 === undefined
      ? [finding('warning', 'model', `${at}: no "sha256".`, 'Another file of the name would be run unnoticed.')]
      : []),
    ...(model.size === undefined
      ? [finding('hint', 'model', `${at}: no "size".`, 'Whoever downloads it wants to know.')]
      : []),
    ...(model.licence === undefined
      ? [finding('warning', 'model', `${at}: no "licence".`, 'Without one nobody may use it.')]
      : []),
  ];
}

async function folderFindings({ folder }: Plugin): Promise<readonly Finding[]> {
  const hasReadme = await stat(join(folder, 'README.md')).catch(() => undefined);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const native = entries.filter(entry => entry.isFile() && extname(entry.name) === '.node');
  const links = entries.filter(entry => entry.isSymbolicLink() && !entry.parentPath.includes('.bin'));
  const way = (entry: { readonly parentPath: string; readonly name: string }) =>
    relative(folder, join(entry.parentPath, entry.name));
  return [
    ...(hasReadme
      ? []
      : [finding('hint', 'readme', 'There is no README.md.', 'It is shown as the card of its models.')]),
    ...native.map(entry =>
      finding(
        'warning',
        'native',
        `${way(entry)} is native code.`,
        'The processes of plugins load none; context.translate runs networks.',
      ),
    ),
    ...links.map(entry =>
      finding(
        'hint',
        'link',
        `${way(entry)} is a link.`,
        'A plugin with a link that leads out of its folder is not started, and archives leave links out.',
      ),
    ),
  ];
}

function finding(severity: Severity, rule: string, message: string, why: string): Finding {
  return { severity, rule, message, why };
}
