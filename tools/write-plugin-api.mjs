/**
 * docs/plugin-api.md: every type that `cyclebox/plugin` exports, from its source. Run by `npm run schema`; a test holds the page to
 * the types. A declaration is what stands between `export` and the next one, with the comment above it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../src/plugin-api/', import.meta.url);
const page = new URL('../docs/plugin-api.md', import.meta.url);

/** Types and constants of one file, in its order. */
function declarationsOf(file) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const found = text.matchAll(
    /^(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?(export (?:interface|type|const) (\w+)[\s\S]*?)(?=\n\n|\n*$(?![\s\S]))/gm,
  );
  return [...found].map(([, comment = '', code, name]) => ({ name, code, comment: wordsOf(comment) }));
}

function wordsOf(comment) {
  return comment
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, '').trim())
    .filter(Boolean)
    .join('\n');
}

/** Whole declarations: one that holds an empty line goes on behind it. */
function section({ name, code, comment }) {
  return `### ${name}\n\n${comment && `${comment}\n\n`}\`\`\`ts\n${code.replace(/^export /, '').trimEnd()}\n\`\`\`\n`;
}

/** The text of the page. */
export function pluginApiPage() {
  const part = (title, file) => `## ${title}\n\n${declarationsOf(file).map(section).join('\n')}`;
  return `# The plugin API

What \`cyclebox/plugin\` exports, made of its source by \`npm run schema\`. [plugins.md](plugins.md) says how it is used.

${part('The manifest', 'manifest.ts')}
${part('Code', 'plugin.ts')}
${part('Recipes', 'recipe.ts')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, pluginApiPage());
