/**
 * The code of a new plugin: what it does to pixels is a function of its own, tested by itself; `main` registers it with cyclebox.
 * JavaScript and TypeScript differ in their types only.
 */
import type { PluginKind, ScaffoldLanguage } from './scaffold-options.js';
import { tsconfig } from './typescript.js';

export function codeFiles(
  name: string,
  kind: PluginKind,
  language: ScaffoldLanguage,
): readonly (readonly [path: string, content: string])[] {
  const isFull = kind === 'full';
  return [
    ...(language === 'ts' ? [['tsconfig.json', tsconfig] as const] : []),
    [`src/main.${language}`, mainText(name, isFull, language)],
    [`src/warm.${language}`, warmText(language)],
    ...(isFull ? [[`src/stretch.${language}`, stretchText(language)] as const] : []),
    [`test/warm.test.${language}`, testText(language)],
  ];
}

/** Types of a function's parameter and result, in either language. */
function signature(language: ScaffoldLanguage, name: string, extra = ''): string {
  if (language === 'ts') {
    const more = extra && `, ${extra}: number`;
    return `export function ${name}(picture: Picture${more}): Picture {`;
  }
  const more = extra && `\n * @param {number} ${extra}`;
  return `/**
 * @param {import('cyclebox/plugin').Picture} picture${more}
 * @returns {import('cyclebox/plugin').Picture}
 */
export function ${name}(picture${extra && `, ${extra}`}) {`;
}

const pictureImport = (language: ScaffoldLanguage): string =>
  language === 'ts' ? "import type { Picture } from 'cyclebox/plugin';\n\n" : '';

const warmText = (
  language: ScaffoldLanguage,
): string => `// More red and less blue. No cyclebox in it, so that it is tested by itself.
${pictureImport(language)}const most = 40;

${signature(language, 'warm', 'strength')}
  const shift = [most * strength, 0, -most * strength];
  const rgb = Uint8ClampedArray.from(picture.rgb, (value, i) => value + (shift[i % 3] ?? 0));
  return { ...picture, rgb: new Uint8Array(rgb.buffer) };
}
`;

const stretchText = (language: ScaffoldLanguage): string => `// The darkest value becomes black and the lightest white.
${pictureImport(language)}${signature(language, 'stretch')}
  let least = 255;
  let most = 0;
  for (const value of picture.rgb) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const range = Math.max(1, most - least);
  return { ...picture, rgb: picture.rgb.map(value => Math.round(((value - least) * 255) / range)) };
}
`;

function mainText(name: string, isFull: boolean, language: ScaffoldLanguage): string {
  const type = language === 'ts' ? "import type { PluginContext } from 'cyclebox/plugin';\n" : '';
  const head =
    language === 'ts'
      ? 'export function activate(context: PluginContext): void {'
      : "/** @param {import('cyclebox/plugin').PluginContext} context */\nexport function activate(context) {";
  const stretch = isFull ? "import { stretch } from './stretch.js';\n" : '';
  const more = `    context.registerPreprocessor('${name}-levels', picture => stretch(picture)),
    context.registerCommand('${name}.strength', () => \`Results become warmer by \${strength}.\`),
`;
  return `// Registers what package.json contributes. Called once, when something of it is first needed.
${type}${stretch}import { warm } from './warm.js';

${head}
  const strength = Number(context.settings.strength);
  context.subscriptions.push(
    context.registerPostprocessor('${name}', picture => warm(picture, strength)),
${isFull ? more : ''}  );
}
`;
}

const testText = (language: ScaffoldLanguage): string => `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warm } from '../src/warm.js';

const grey = { width: 1, height: 1, rgb: new Uint8Array([100, 100, 100]), format: 'png' }${language === 'ts' ? ' as const' : ''};

test('a warmer picture has more red and less blue', () => {
  assert.deepEqual([...warm(grey, 0.5).rgb], [120, 100, 80]);
});

test('with a strength of 0 it stays as it is', () => {
  assert.deepEqual([...warm(grey, 0).rgb], [100, 100, 100]);
});
`;
