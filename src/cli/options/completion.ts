/**
 * What a shell needs to complete `cyclebox …`, made of the commands themselves: a script for bash, zsh or fish that starts no
 * process when Tab is pressed. Names of commands, options and their choices; where a value may be anything, files.
 */
import type { Command, Option } from 'commander';

export type Shell = 'bash' | 'zsh' | 'fish';

/** A command as it is completed. */
interface Level {
  /** `queue list`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Entry[];
  readonly options: readonly CompletedOption[];
  /** What its first argument may be, where that is one of a few. */
  readonly choices: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly description: string;
}

interface CompletedOption {
  /** `-c`, `--config` */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

export function completionScript(shell: Shell, program: Command): string {
  const levels = levelsOf(program, '');
  switch (shell) {
    case 'bash':
      return bash(levels);
    case 'zsh':
      return zsh(levels);
    case 'fish':
      return fish(levels);
    default:
      return shell satisfies never;
  }
}

function levelsOf(command: Command, path: string): Level[] {
  const help = { flags: ['-h', '--help'], description: 'help for this command', takesValue: false, choices: [] };
  const own: Level = {
    path,
    commands: command.commands.map(one => ({ name: one.name(), description: firstWords(one.description()) })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), help],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
  return [own, ...command.commands.flatMap(one => levelsOf(one, `${path} ${one.name()}`.trim()))];
}

function optionOf({ short, long, description, required, optional, argChoices = [] }: Option): CompletedOption {
  const flags = [short, long].filter(flag => flag !== undefined);
  return { flags, description: firstWords(description), takesValue: required || optional, choices: argChoices };
}

/** A shell shows one line. */
function firstWords(description: string): string {
  return description.split(/[;:(]/)[0]!.trim();
}

/** In single quotes, for bash and zsh. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

const marked = (path: string): string => (path === '' ? '' : ` ${path}`);

/** The lines of a `case` that finds out which command stands on the line; the same for bash and zsh. */
function pathCases(levels: readonly Level[]): string {
  const paths = levels.filter(({ path }) => path !== '').map(({ path }) => quoted(marked(path)));
  return `${paths.join('|')}) path="$path $word" ;;`;
}

/** What follows an option that takes a value. @param choose completes one of these @param files completes files */
function valueCases(levels: readonly Level[], choose: (choices: readonly string[]) => string, files: string): string {
  const lines = levels.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ flags, choices }) => {
        const cases = flags.map(flag => quoted(`${marked(path)} ${flag}`)).join('|');
        return `    ${cases}) ${choices.length > 0 ? choose(choices) : files}; return ;;`;
      }),
  );
  return lines.join('\n');
}

function bash(levels: readonly Level[]): string {
  const words = (entries: readonly string[]) => `COMPREPLY=($(compgen -W ${quoted(entries.join(' '))} -- "$cur"))`;
  const names = levels
    .map(({ path, commands, choices }) => ({ path, names: [...commands.map(({ name }) => name), ...choices] }))
    .filter(level => level.names.length > 0);
  return `# cyclebox completion for bash: eval "$(cyclebox completion bash)"
_cyclebox() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$path $word" in
      ${pathCases(levels)}
    esac
  done
  case "$path $prev" in
${valueCases(levels, words, ':')}
  esac
  if [[ $cur == -* ]]; then
    case "$path" in
${levels.map(({ path, options }) => `      ${quoted(marked(path))}) ${words(options.flatMap(({ flags }) => flags))} ;;`).join('\n')}
    esac
    return
  fi
  case "$path" in
${names.map(level => `    ${quoted(marked(level.path))}) ${words(level.names)} ;;`).join('\n')}
  esac
}
complete -o bashdefault -o default -F _cyclebox cyclebox
`;
}

function zsh(levels: readonly Level[]): string {
  const described = (name: string, description: string) => quoted(`${name.replaceAll(':', '\\:')}:${description}`);
  const describe = (tag: string, entries: readonly string[]) =>
    `entries=(${entries.join(' ')}); _describe ${quoted(tag)} entries`;
  const choose = (choices: readonly string[]) => describe('value', choices.map(quoted));
  const options = levels.map(({ path, options: given }) => {
    const entries = given.flatMap(({ flags, description }) => flags.map(flag => described(flag, description)));
    return `      ${quoted(marked(path))}) ${describe('option', entries)} ;;`;
  });
  const commands = levels.map(({ path, commands: given, choices }) => {
    const entries = [...given.map(({ name, description }) => described(name, description)), ...choices.map(quoted)];
    return `    ${quoted(marked(path))}) ${entries.length > 0 ? describe('command', entries) : '_files'} ;;`;
  });
  return `#compdef cyclebox
# cyclebox completion for zsh: eval "$(cyclebox completion zsh)", after compinit
_cyclebox() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT - 1]} path='' word
  local -a entries
  for word in "\${(@)words[2,CURRENT - 1]}"; do
    case "$path $word" in
      ${pathCases(levels)}
    esac
  done
  case "$path $prev" in
${valueCases(levels, choose, '_files')}
  esac
  if [[ $cur == -* ]]; then
    case "$path" in
${options.join('\n')}
    esac
    return
  fi
  case "$path" in
${commands.join('\n')}
  esac
}
(( $+functions[compdef] )) && compdef _cyclebox cyclebox
`;
}

function fish(levels: readonly Level[]): string {
  const text = (words: string) => `'${words.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const at = (path: string) => `-n ${text(`__cyclebox_at ${text(path)}`)}`;
  const lines = levels.flatMap(({ path, commands, options, choices }) => [
    ...commands.map(
      ({ name, description }) => `complete -c cyclebox -f ${at(path)} -a ${text(name)} -d ${text(description)}`,
    ),
    ...choices.map(choice => `complete -c cyclebox -f ${at(path)} -a ${text(choice)}`),
    ...options.map(option => `complete -c cyclebox ${at(path)} ${fishOption(option, text)}`),
  ]);
  const paths = levels.map(({ path }) => path).filter(path => path !== '');
  return `# cyclebox completion for fish: cyclebox completion fish | source
function __cyclebox_at
  set -l path
  for word in (commandline -opc)[2..]
    contains -- (string join ' ' $path $word) ${paths.map(text).join(' ')}; and set -a path $word
  end
  test "$path" = "$argv"
end
${lines.join('\n')}
`;
}

function fishOption(
  { flags, description, takesValue, choices }: CompletedOption,
  text: (words: string) => string,
): string {
  const named = flags.map(flag => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = choices.length > 0 ? `-x -a ${text(choices.join(' '))}` : '-r';
  return [...named, ...(takesValue ? [value] : []), '-d', text(description)].join(' ');
}
