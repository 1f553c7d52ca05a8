import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Argument, Command, Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { completionScript, type Shell } from '../../../src/cli/options/completion.js';
import { temporaryFolder } from '../../support/pictures.js';

const run = promisify(execFile);

/** Where it is not installed, its tests are skipped. */
async function has(shell: string): Promise<boolean> {
  return run(shell, ['--version']).then(
    () => true,
    () => false,
  );
}
const [hasBash, hasZsh, hasFish] = await Promise.all(['bash', 'zsh', 'fish'].map(has));

function program(): Command {
  const made = new Command('cyclebox');
  made.command('start').description("start it: the daemon's work").option('-c, --config <file>').option('--once');
  const queue = made.command('queue').description('jobs');
  queue.command('list').addOption(new Option('--state <states...>').choices(['queued', 'done']));
  queue.command('retry').option('--failed');
  made.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh']));
  return made;
}

async function scriptFile(shell: Shell): Promise<string> {
  const file = join(await temporaryFolder(), `cyclebox.${shell}`);
  await writeFile(file, completionScript(shell, program()));
  return file;
}

/** What `line` may go on with: its last word is completed. */
async function inBash(line: string): Promise<readonly string[]> {
  const file = await scriptFile('bash');
  const text = `source ${file}; COMP_WORDS=(${line.replace(/ $/, " ''")}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _cyclebox; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await run('bash', ['--norc', '-uc', text]);
  return stdout.split('\n').filter(Boolean);
}

/** With stand-ins for zsh's own `_describe` and `_files`, which need a terminal. */
async function inZsh(line: string): Promise<readonly string[]> {
  const file = await scriptFile('zsh');
  const text = `_describe() { print -l -- \${(P)2%%:*} }; _files() { print FILES }; source ${file}; words=(${line.replace(/ $/, " ''")}); CURRENT=\${#words}; cur=\${words[CURRENT]}; _cyclebox | grep -F -- "$cur"`;
  const { stdout } = await run('zsh', ['-fc', text]);
  return stdout.split('\n').filter(Boolean);
}

async function inFish(line: string): Promise<readonly string[]> {
  const file = await scriptFile('fish');
  const { stdout } = await run('fish', ['--no-config', '-c', `source ${file}; complete -C '${line}'`]);
  return stdout.split('\n').flatMap(each => each.split('\t')[0] || []);
}

const cases = [
  ['cyclebox ', ['start', 'queue', 'completion']],
  ['cyclebox st', ['start']],
  ['cyclebox queue ', ['list', 'retry']],
  ['cyclebox queue list --state ', ['queued', 'done']],
  ['cyclebox queue list --st', ['--state']],
  ['cyclebox start --once --c', ['--config']],
  ['cyclebox completion ', ['bash', 'zsh']],
] as const;

describe.skipIf(!hasBash)('completion in bash', () => {
  it.each(cases)('of "%s"', async (line, expected) => {
    expect(new Set(await inBash(line))).toEqual(new Set(expected));
  });

  it('leaves files to bash where a value may be anything', async () => {
    expect(await inBash('cyclebox start --config ')).toEqual([]);
    expect(
      (await run('bash', ['--norc', '-c', `source ${await scriptFile('bash')}; complete -p cyclebox`])).stdout,
    ).toMatch(/-o default .*-F _cyclebox cyclebox/);
  });

  it('knows every command of cyclebox', async () => {
    const entry = join(packageRoot, 'dist/cli/main.js');
    const { stdout: script } = await run(process.execPath, [entry, 'completion', 'bash']);
    await run('bash', ['--norc', '-n', '-c', script]);
    const { stdout: help } = await run(process.execPath, [entry, '--help']);
    const commands = [...help.split('Commands:')[1]!.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!);
    expect(commands.length).toBeGreaterThan(15);
    const [, top] = script.match(/^ {4}''\) .*compgen -W '([^']+)'/m)!;
    for (const command of commands.filter(name => name !== 'help')) expect(top!.split(' ')).toContain(command);
  });
});

describe.skipIf(!hasZsh)('completion in zsh', () => {
  it.each(cases)('of "%s"', async (line, expected) => {
    expect(new Set(await inZsh(line))).toEqual(new Set(expected));
  });

  it('offers files where a value may be anything', async () => {
    expect(await inZsh('cyclebox start --config ')).toEqual(['FILES']);
  });
});

describe.skipIf(!hasFish)('completion in fish', () => {
  it.each(cases)('of "%s"', async (line, expected) => {
    expect(new Set(await inFish(line))).toEqual(new Set(expected));
  });
});
