import type { CommandWords, FlagWord, Values } from './words.ts'

/** A completion script for fish 3 and newer. */
export function fishScript(program: string, commands: readonly CommandWords[]): string {
  const paths = commands.filter(({ path }) => path !== '').map(({ path }) => pattern(path))
  const lines = commands.flatMap(({ path, commands: subcommands, flags, values }) => {
    const at = `complete -c ${program} -n ${quoted(`__${program}_at '${path}'`)}`
    const argument = values === null || values.kind === 'any' ? [] : [`${at} ${taken(values)}`]
    return [
      ...subcommands.map(({ name, text }) => `${at} -a ${name} -d ${quoted(text)}`),
      ...argument,
      ...flags.map((flag) => `${at} ${flagText(flag)} -d ${quoted(flag.text)}`),
    ]
  })
  return `# Completion of ${program} for fish: ${program} completion fish | source
function __${program}_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${paths.join(' ')}
        set at (string trim -- "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
complete -c ${program} -f
${lines.join('\n')}
`
}

function pattern(path: string): string {
  return path.includes(' ') ? `'${path}'` : `' ${path}'`
}

function flagText({ name, values }: FlagWord): string {
  const long = `-l ${name.replace(/^--/, '')}`
  return values === null ? long : `${long} -r ${taken(values)}`
}

function taken(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-f -a ${quoted(values.words.join(' '))}`
    case 'file':
      return '-F'
    case 'directory':
      return `-f -a ${quoted('(__fish_complete_directories)')}`
    case 'any':
      return '-f'
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
