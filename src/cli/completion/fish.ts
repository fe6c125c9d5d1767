import { allCommands, type CompletedCommand } from './command-tree';

/** Returns `text` in single quotes for fish, which only needs `\` and `'` to be escaped. */
const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Returns a completion script for fish. */
export function fishScript(program: CompletedCommand): string {
  const commands = allCommands(program);
  const names = commands.flatMap(({ path }) => (path.length === 0 ? [] : [quoted(path.join(' '))]));
  const lines = commands.flatMap(({ path, subcommands, choices, options }) => {
    const here = `complete -c fermata -n ${quoted(`__fermata_at ${quoted(path.join(' '))}`)}`;
    return [
      ...subcommands.map((each) => `${here} -f -a ${quoted(each.path.at(-1) ?? '')} -d ${quoted(each.description)}`),
      ...choices.map((choice) => `${here} -f -a ${quoted(choice)}`),
      ...options.map(({ flags, description, takesValue, choices: values }) => {
        const spellings = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const value = takesValue ? (values.length === 0 ? ' -r' : ` -x -a ${quoted(values.join(' '))}`) : '';
        return `${here} ${spellings.join(' ')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return `# fish completion for fermata
function __fermata_at --description 'Whether the words typed so far name this command'
  set -l names ${names.join(' ')}
  set -l command ''
  for word in (commandline -opc)[2..-1]
    set -l longer (string trim -- "$command $word")
    contains -- "$longer" $names; and set command "$longer"
  end
  test "$command" = "$argv[1]"
end

${lines.join('\n')}
`;
}
