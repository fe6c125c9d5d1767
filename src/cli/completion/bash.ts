import { allCommands, quoted, wordsAfter, type CompletedCommand } from './command-tree';

/**
 * Returns a completion script for bash 3.2 and later. It determines the command from the words typed so far, and offers
 * the possible next words. Where any value is allowed, it offers file names.
 */
export function bashScript(program: CompletedCommand): string {
  const commands = allCommands(program);
  const children = commands.flatMap(({ path }) =>
    path.length === 0 ? [] : [`${quoted(path.join(' '))}) return 0 ;;`],
  );
  const words = commands.map((each) => `${quoted(each.path.join(' '))}) echo ${quoted(wordsAfter(each).join(' '))} ;;`);
  const values = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, takesValue, choices }) =>
      takesValue
        ? flags.map((flag) => `${quoted(`${path.join(' ')}|${flag}`)}) echo ${quoted(choices.join(' '))}; return 0 ;;`)
        : [],
    ),
  );
  return `# bash completion for fermata
_fermata_is_command() {
  case "$1" in
    ${children.join('\n    ')}
  esac
  return 1
}

_fermata_words() {
  case "$1" in
    ${words.join('\n    ')}
  esac
}

# Prints the values that an option may have; fails when it takes none.
_fermata_values() {
  case "$1" in
    ${values.join('\n    ')}
  esac
  return 1
}

_fermata() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" word values index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${command:+$command }\${COMP_WORDS[index]}"
    _fermata_is_command "$word" && command="$word"
  done
  COMPREPLY=()
  if values=$(_fermata_values "$command|$previous"); then
    if [ -n "$values" ]; then COMPREPLY=($(compgen -W "$values" -- "$current"))
    else COMPREPLY=($(compgen -f -- "$current")); fi
    return 0
  fi
  COMPREPLY=($(compgen -W "$(_fermata_words "$command")" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}

complete -o filenames -F _fermata fermata
`;
}
