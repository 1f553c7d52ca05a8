/** The README of a new plugin: what to do next, in the order in which one does it. */
import type { ScaffoldOptions } from './scaffold-options.js';

export function readmeOf(options: ScaffoldOptions, domains: readonly [string, string] | undefined): string {
  return [
    `# ${options.name}\n`,
    ...(domains ? [pairSection(options, domains)] : []),
    ...codeSections(options),
    last(options),
  ].join('\n');
}

const pairSection = (
  { name }: ScaffoldOptions,
  [a, b]: readonly [string, string],
): string => `Translates ${a} to ${b}, and back.

The two models are placeholders that invert colours, so that the plugin works from the start. Train your own from two folders of
images, and put what \`OUT/plugins/${name}\` holds in the place of the models and of \`contributes\` here:

    cyclebox train --pair ${name} --domains ${a},${b} --a DIR_OF_${a.toUpperCase()} --b DIR_OF_${b.toUpperCase()} --out OUT

Try it in the folder above this one:

    cyclebox translate PHOTO.jpg --pair ${name} --to ${b} --plugins ${name}
`;

function codeSections({ name, kind, language }: ScaffoldOptions): readonly string[] {
  if (kind === 'pair') return [];
  const build =
    language === 'ts' ? '`npm install` and `npm run build` first: `main` is what the compiler writes.\n\n' : '';
  return [
    `${build}\`src/warm.${language}\` makes pictures warmer, \`src/main.${language}\` registers it. A route of \`watch-config.json\` asks for it by its id:

    { "match": "warm/**", "pair": "satellite-map", "to": "map", "postprocessors": ["${name}"] }

How much warmer is a setting, also there:

    "settings": { "${name}": { "strength": 0.8 } }
`,
  ];
}

const last = ({
  language,
}: ScaffoldOptions): string => `    npm test                     the tests${language === 'ts' ? ', compiled first' : ''}
    cyclebox plugins validate    what stands in the way of handing it on
    npm pack                     the file that others install: cyclebox plugins install FILE.tgz
`;
