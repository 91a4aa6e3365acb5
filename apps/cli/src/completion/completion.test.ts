import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Argument, Command, Option } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { examples } from '../examples.ts'
import { makeProgram } from '../program.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { wordsOf } from './words.ts'
import { zshScript } from './zsh.ts'

/** A program with every kind of word. */
function sampleProgram(): Command {
  const program = new Command('tool').description('does it')
  const raw = program.command('raw').description("what was heard: it's all here")
  raw
    .command('cat')
    .description('print ’it’')
    .argument('[dir]', 'where')
    .addOption(new Option('--as <form>', 'how').choices(['text', 'bytes']))
    .option('--out <file>', 'a file')
    .option('--limit <n>', 'most')
    .option('--all', 'everything')
    .action(() => {})
  program
    .command('show')
    .addArgument(new Argument('<table>', 'which').choices(['ticks', 'gaps']))
    .action(() => {})
  return program
}

describe('the words of a program', () => {
  it('are those of its declarations, with what a value may be', () => {
    const words = wordsOf(sampleProgram())
    expect(words.map(({ path }) => path)).toEqual(['', 'raw', 'raw cat', 'show'])
    expect(words[0]?.commands.map(({ name }) => name)).toEqual(['raw', 'show', 'help'])
    expect(words[2]).toMatchObject({ values: { kind: 'directory' } })
    expect(Object.fromEntries(words[2]?.flags.map(({ name, values }) => [name, values]) ?? [])).toEqual({
      '--as': { kind: 'words', words: ['text', 'bytes'] },
      '--out': { kind: 'file' },
      '--limit': { kind: 'any' },
      '--all': null,
      '--help': null,
    })
    expect(words[3]).toMatchObject({ values: { kind: 'words', words: ['ticks', 'gaps'] } })
  })
})

describe('completion in bash', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'cryptoflow-'))
    mkdirSync(join(folder, 'data dir'))
    writeFileSync(join(folder, 'file'), '')
    writeFileSync(join(folder, 'script'), bashScript('tool', wordsOf(sampleProgram())))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** What is offered for the last of these words. */
  function offered(...words: string[]): string[] {
    const command =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: bash expands it
      'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tool; printf "%s\\n" "${COMPREPLY[@]}"'
    const text = execFileSync('bash', ['--norc', '-c', command, '_', ...words], {
      cwd: folder,
      encoding: 'utf8',
    })
    return text.split('\n').filter((line) => line !== '')
  }

  it('offers commands, their commands and their flags', () => {
    expect(offered('tool', '')).toEqual(['raw', 'show', 'help', '--help'])
    expect(offered('tool', 's')).toEqual(['show'])
    expect(offered('tool', 'raw', '')).toEqual(['cat', 'help', '--help'])
    expect(offered('tool', 'raw', 'cat', '--a')).toEqual(['--as', '--all'])
    expect(offered('tool', 'raw', 'cat', '--all', '--o')).toEqual(['--out'])
  })

  it('offers what a value may be: words, files, directories, or nothing', () => {
    expect(offered('tool', 'raw', 'cat', '--as', '')).toEqual(['text', 'bytes'])
    expect(offered('tool', 'raw', 'cat', '--out', 'f')).toEqual(['file'])
    expect(offered('tool', 'raw', 'cat', 'd')).toEqual(['data dir'])
    expect(offered('tool', 'raw', 'cat', '--limit', '')).toEqual([])
    expect(offered('tool', 'show', 't')).toEqual(['ticks'])
  })
})

describe('completion in other shells', () => {
  it('is a line for each word in fish, where a value has its own kind', () => {
    const lines = fishScript('tool', wordsOf(sampleProgram())).split('\n')
    const at = (path: string) => `complete -c tool -n '__tool_at \\'${path}\\''`
    expect(lines).toEqual(
      expect.arrayContaining([
        `${at('')} -a raw -d 'what was heard: it\\'s all here'`,
        `${at('raw')} -a cat -d 'print \\'it\\''`,
        `${at('raw cat')} -l as -r -f -a 'text bytes' -d 'how'`,
        `${at('raw cat')} -l out -r -F -d 'a file'`,
        `${at('raw cat')} -l all -d 'everything'`,
        `${at('show')} -f -a 'ticks gaps'`,
      ]),
    )
  })

  it('has descriptions in zsh', () => {
    const script = zshScript('tool', wordsOf(sampleProgram()))
    expect(script).toContain("'raw cat --as') compadd -- 'text' 'bytes'; return ;;")
    expect(script).toContain("'raw:what was heard: it'\\''s all here'")
    expect(script).toMatch(
      /'raw cat'\) \[\[ \$PREFIX != -\* \]\] && \{ _files -\/; return \}; items=\('--as:how'/,
    )
  })
})

describe('every command', () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)]
  const program = makeProgram()

  it('is completed', () => {
    const paths = wordsOf(program).map(({ path }) => path)
    expect(paths).toEqual(
      expect.arrayContaining(['', 'top', 'version', 'journal cat', 'warehouse move', 'config explain']),
    )
  })

  it('says what it does, and shows examples that it would understand', () => {
    const leaves = wordsOf(program).filter(({ path, commands }) => path !== '' && commands.length === 0)
    expect(Object.keys(examples).toSorted()).toEqual(leaves.map(({ path }) => path).toSorted())
    for (const { path, flags } of leaves) {
      for (const example of examples[path] ?? []) {
        expect(example).toContain(`cryptoflow ${path} `)
        const known = flags.map(({ name }) => name)
        expect(known, example).toEqual(expect.arrayContaining(example.match(/--[a-z-]+/g) ?? []))
      }
    }
    for (const command of all(program)) expect(command.description(), command.name()).not.toBe('')
  })

  it('has help of 80 columns with its examples at the end', () => {
    for (const command of all(program)) {
      let help = ''
      command.configureOutput({
        writeOut(text) {
          help += text
        },
        getOutHelpWidth: () => 80,
      })
      command.outputHelp()
      expect(
        help.split('\n').filter((line) => line.length > 80),
        command.name(),
      ).toEqual([])
      if (command.commands.length === 0) expect(help).toMatch(/\nExamples?:\n {2}.*cryptoflow /)
    }
  })
})
