import { Argument, type Command } from 'commander';
import { bashScript } from './completion/bash';
import { describeCommand } from './completion/command-tree';
import { fishScript } from './completion/fish';
import { zshScript } from './completion/zsh';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
type Shell = keyof typeof SCRIPTS;

/** Configures `fermata completion`. */
export function configure(command: Command, whole: () => Promise<Command>): void {
  command
    .addArgument(new Argument('<shell>', 'shell to complete for').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
Prints a script that completes commands, subcommands, options and their values. Completion never calls the API.

Examples:
  source <(fermata completion bash)                                  # in ~/.bashrc
  source <(fermata completion zsh)                                   # in ~/.zshrc, after compinit
  fermata completion fish > ~/.config/fish/completions/fermata.fish
`,
    )
    .action(async (shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](describeCommand(await whole())));
    });
}
