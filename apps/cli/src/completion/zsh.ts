import type { CommandWords, Values } from './words.ts'

/** A completion script for zsh, which shows descriptions. */
export function zshScript(program: string, commands: readonly CommandWords[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => pattern(path))
  const values = commands.flatMap(({ path, flags }) =>
    flags.flatMap(({ name, values: taken }) =>
      taken === null ? [] : [`    '${path} ${name}') ${reply(taken)}; return ;;`],
    ),
  )
  const items = commands.map(({ path, commands: subcommands, flags, values: own }) => {
    const all = [...subcommands, ...flags].map(({ name, text }) => quoted(`${name}:${text}`))
    const first =
      own === null || own.kind === 'any' ? '' : `[[ $PREFIX != -* ]] && { ${reply(own)}; return }; `
    return `    '${path}') ${first}items=(${all.join(' ')}) ;;`
  })
  return `#compdef ${program}
# Completion of ${program} for zsh: source <(${program} completion zsh), behind compinit
_${program}() {
  local at= i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
      ${paths.join('|')}) at="\${at:+$at }$words[i]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${values.join('\n')}
  esac
  case "$at" in
${items.join('\n')}
  esac
  _describe ${program} items
}
compdef _${program} ${program}
`
}

function pattern(path: string): string {
  return path.includes(' ') ? `'${path}'` : `' ${path}'`
}

function reply(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `compadd -- ${values.words.map(quoted).join(' ')}`
    case 'file':
      return '_files'
    case 'directory':
      return '_files -/'
    case 'any':
      return ':'
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
