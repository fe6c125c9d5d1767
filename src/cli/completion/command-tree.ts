import type { Command } from 'commander';

/** An option as completion needs it. */
export interface CompletedOption {
  /** Every spelling, e.g. `-n` and `--limit`. */
  flags: readonly string[];
  description: string;
  takesValue: boolean;
  /** The only values; empty = any. */
  choices: readonly string[];
}

/** A command as completion needs it. */
export interface CompletedCommand {
  /** Words of the command, without the program: `["hooks", "create"]`. */
  path: readonly string[];
  description: string;
  subcommands: readonly CompletedCommand[];
  options: readonly CompletedOption[];
  /** Values of its first argument, when only some are possible. */
  choices: readonly string[];
}

/** Returns the tree of commands below `command`, which must have all of its subcommands configured. */
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

/** Returns the command and all below it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.subcommands.flatMap((each) => allCommands(each))];
}

/** Words that may follow the command: subcommands, values of its argument, options. */
export function wordsAfter({ subcommands, choices, options }: CompletedCommand): string[] {
  return [...subcommands.map(({ path }) => path.at(-1) ?? ''), ...choices, ...options.flatMap(({ flags }) => flags)];
}

/** Returns a text between single quotes of a POSIX shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
