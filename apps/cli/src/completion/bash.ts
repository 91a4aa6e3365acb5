import type { CommandWords, Values } from './words.ts'

/** A completion script for bash 4 and newer. */
export function bashScript(program: string, commands: readonly CommandWords[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => pattern(path))
  const values = commands.flatMap(({ path, flags }) =>
    flags.flatMap(({ name, values: taken }) =>
      taken === null ? [] : [`    '${path} ${name}') ${reply(taken)}; return ;;`],
    ),
  )
  const words = commands.map(({ path, commands: subcommands, flags, values: own }) => {
    const all = [...subcommands, ...flags].map(({ name }) => name)
    const first = own === null || own.kind === 'any' ? '' : `[[ $cur != -* ]] && { ${reply(own)}; return; }; `
    return `    '${path}') ${first}words='${all.join(' ')}' ;;`
  })
  return `# Completion of ${program} for bash: source <(${program} completion bash)
_${program}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at= words= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${paths.join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${values.join('\n')}
  esac
  case "$at" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -F _${program} ${program}
`
}

/** As the loop meets it: the path so far, a blank, the next word. */
function pattern(path: string): string {
  return path.includes(' ') ? `'${path}'` : `' ${path}'`
}

function reply(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `COMPREPLY=($(compgen -W '${values.words.join(' ')}' -- "$cur"))`
    case 'file':
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur")'
    case 'directory':
      return 'compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")'
    case 'any':
      return ':'
  }
}
