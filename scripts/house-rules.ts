// Rules that no linter knows: who may touch the clock, the environment, the console, and where an exchange's
// name may stand. Each line printed names the rule, the place and the replacement.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Rule {
  readonly what: string
  readonly instead: string
  readonly pattern: RegExp
  readonly files: string
  readonly except: RegExp
}

/** Tests and what only tests import. */
const tests = /\.test\.ts$|\/testing\/|-support\.ts$|-fixture\.ts$|-world\.ts$|\/examples\.ts$/

const rules: Rule[] = [
  {
    what: 'clock, timers or chance',
    instead: 'take a Clock or Chance from @cryptoflow/runtime',
    pattern: /\b(Date\.now|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|new Date\(\))/,
    files: 'packages/*/src/**/*.ts',
    except: /^packages\/runtime\//,
  },
  {
    what: 'the environment',
    instead: 'take the value as an option',
    pattern: /\bprocess\.env\b/,
    files: '{packages,apps}/*/src/**/*.ts',
    except: /^packages\/config\//,
  },
  {
    what: 'the console',
    instead: 'return the value, or report it through an option',
    pattern: /\bconsole\.\w+\(/,
    files: 'packages/*/src/**/*.ts',
    except: /^$/,
  },
  {
    what: 'I/O in the pure core',
    instead: 'move it to a layer-3 package (rule D18 of the commit protocol)',
    // Checksums of books are those of zlib, a function without a side effect.
    pattern: /(?<!import \{ crc32 \} )from 'node:|\bfetch\(|\bawait\b/,
    files: 'packages/{model,exchanges,normalize,partitioner}/src/**/*.ts',
    except: /^$/,
  },
  {
    what: "an exchange's name",
    instead: 'ask the adapter contract in packages/model/src/exchange.ts',
    pattern: /\b(binance|bybit|okx|coinbase|kraken|upbit)/i,
    files: '{packages,apps}/*/src/**/*.ts',
    except: /^packages\/exchanges\/src\/([a-z]+\/|registry|index)|^packages\/exchange-sim\/|^apps\/cli\//,
  },
]

const root = join(import.meta.dirname, '..')
const found: string[] = []
for (const rule of rules) {
  for (const file of globSync(rule.files, { cwd: root, exclude: ['**/node_modules/**'] })) {
    if (tests.test(file) || rule.except.test(file)) continue
    found.push(...breaches(file, rule))
  }
}
for (const line of found) console.log(line)
process.exitCode = found.length === 0 ? 0 : 1

function breaches(file: string, rule: Rule): string[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  return lines.flatMap((line, index) => {
    const code = line.replace(/^\s*(\/?\*|\/\/).*$/, '').replace(/\s\/\/ .*$/, '')
    return rule.pattern.test(code) ? [`${file}:${index + 1}: ${rule.what}; ${rule.instead}`] : []
  })
}
