import { allCommands, quoted, type CompletedCommand } from './command-tree';

const described = (word: string, description: string) =>
  quoted(`${word.replaceAll(':', '\\:')}:${description.split('\n')[0] ?? ''}`);

/** Returns a completion script for zsh. It must be sourced after `compinit`. */
export function zshScript(program: CompletedCommand): string {
  const commands = allCommands(program);
  const names = commands.flatMap(({ path }) => (path.length === 0 ? [] : [quoted(path.join(' '))]));
  const words = commands.map(({ path, subcommands, choices, options }) => {
    const items = [
      ...subcommands.map((each) => described(each.path.at(-1) ?? '', each.description)),
      ...choices.map((choice) => described(choice, '')),
      ...options.flatMap(({ flags, description }) => flags.map((flag) => described(flag, description))),
    ];
    return `${quoted(path.join(' '))}) items=(${items.join(' ')}) ;;`;
  });
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, takesValue, choices }) =>
      takesValue
        ? flags.map(
            (flag) => `${quoted(`${path.join(' ')}|${flag}`)}) takes=1; values=(${choices.map(quoted).join(' ')}) ;;`,
          )
        : [],
    ),
  );
  return `#compdef fermata
# zsh completion for fermata
_fermata() {
  local -a items values names
  local command="" word takes="" index
  names=(${names.join(' ')})
  for ((index = 2; index < CURRENT; index++)); do
    word="\${command:+$command }\${words[index]}"
    (( \${names[(Ie)$word]} )) && command="$word"
  done
  case "$command|\${words[CURRENT-1]}" in
    ${values.join('\n    ')}
  esac
  if [[ -n "$takes" ]]; then
    if (( \${#values} )); then compadd -a values; else _files; fi
    return
  fi
  case "$command" in
    ${words.join('\n    ')}
  esac
  _describe 'fermata' items || _files
}

compdef _fermata fermata
`;
}
