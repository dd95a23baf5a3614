// `run-progress completion`: what the shell completes: commands, and their options as --help names them.
import { type Command, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exit-code.ts';

const usage = `Usage: run-progress completion bash|zsh

Prints a script that completes commands and options.

  echo 'eval "$(run-progress completion bash)"' >> ~/.bashrc
  echo 'eval "$(run-progress completion zsh)"' >> ~/.zshrc
`;

export const completion: Command = {
  usage,
  run: async ([shell, ...rest], { stdout }) => {
    if ((shell !== 'bash' && shell !== 'zsh') || rest.length > 0)
      throw new UsageError('must be told for which shell: bash or zsh');
    const options = await optionsOfCommands();
    stdout.write(shell === 'bash' ? bashScript(options) : zshScript(options));
    return EXIT.ok;
  },
};

async function optionsOfCommands(): Promise<[name: string, options: string[]][]> {
  return Promise.all(
    [...COMMANDS].map(async ([name, { load }]): Promise<[string, string[]]> => {
      if (name === 'completion') return [name, ['bash', 'zsh']];
      const { usage } = await load();
      return [name, [...new Set([...usage.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option = '']) => option))]];
    }),
  );
}

function bashScript(commands: readonly [string, string[]][]): string {
  const cases = commands.map(([name, options]) => `    ${name}) words="${options.join(' ')} --help" ;;`);
  return `_run_progress() {
  local words="${commands.map(([name]) => name).join(' ')}"
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${commands.map(([name]) => name).join(' ')}"; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _run_progress run-progress
`;
}

function zshScript(commands: readonly [string, string[]][]): string {
  const summaries = [...COMMANDS].map(([name, { summary }]) => `    '${name}:${summary}'`);
  const cases = commands.map(([name, options]) => `    ${name}) compadd -- ${options.join(' ')} --help ;;`);
  return `_run_progress() {
  local -a commands=(
${summaries.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case $words[2] in
${cases.join('\n')}
  esac
  _files
}
compdef _run_progress run-progress
`;
}
