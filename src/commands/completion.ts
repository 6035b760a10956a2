import { defineCommand } from '../cli/command.js';
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../cli/completion/scripts.js';
import { arg } from '../cli/flags.js';

export default defineCommand({
  summary: 'print the completion script of a shell',
  description: [
    'Completes commands, flags and their values, also the names of topics, groups, clusters, brokers and contexts:',
    'these are asked for at the name servers that the command line, the environment or the context name.',
    '',
    'bash: add to ~/.bashrc:  source <(mqadmin completion bash)',
    'zsh:  add to ~/.zshrc, after compinit:  source <(mqadmin completion zsh)',
    'fish: mqadmin completion fish > ~/.config/fish/completions/mqadmin.fish',
  ].join('\n'),
  examples: [{ description: 'For this bash', command: 'mqadmin completion bash' }],
  args: { shell: arg.required('shell', { options: SHELLS }) },
  isLocal: true,
  async run({ args, io }) {
    await io.stdout.write(COMPLETION_SCRIPTS[args.shell as Shell]);
    return undefined;
  },
});
