import type { Command } from 'commander';

/** The parts of an option that completion needs. */
export interface CompletedOption {
  /** All spellings, e.g. `-n` and `--limit`. */
  flags: readonly string[];
  description: string;
  takesValue: boolean;
  /** The allowed values. Empty if any value is allowed. */
  choices: readonly string[];
}

/** The parts of a command that completion needs. */
export interface CompletedCommand {
  /** Words of the command without the program name: `["hooks", "create"]`. */
  path: readonly string[];
  description: string;
  subcommands: readonly CompletedCommand[];
  options: readonly CompletedOption[];
  /** The allowed values of the first argument. Empty if any value is allowed. */
  choices: readonly string[];
}

/** Returns the tree of commands below `command`. All of its subcommands must have been configured. */
export function describeCommand(command: Command, path: readonly string[] = []): CompletedCommand {
  const help: CompletedOption = { flags: ['-h', '--help'], description: 'show help', takesValue: false, choices: [] };
  return {
    path,
    description: command.description(),
    subcommands: command.commands.map((each) => describeCommand(each, [...path, each.name()])),
    options: [
      ...command.options.map(({ short, long, description, required, optional, argChoices = [] }) => ({
        flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
        ...{ description, takesValue: required || optional, choices: argChoices },
      })),
      help,
    ],
    choices: command.registeredArguments[0]?.argChoices ?? [],
  };
}

/** Returns a command and all commands below it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.subcommands.flatMap((each) => allCommands(each))];
}

/** Returns the words that may follow a command: subcommands, values of its argument, and options. */
export function wordsAfter({ subcommands, choices, options }: CompletedCommand): string[] {
  return [...subcommands.map(({ path }) => path.at(-1) ?? ''), ...choices, ...options.flatMap(({ flags }) => flags)];
}

/** Returns `text` in single quotes for a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
