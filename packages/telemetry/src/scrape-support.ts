// A second reader of the Prometheus text format, written from its description
// (https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11-21), strict where a scraper is.

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string
  readonly samples: Sample[]
}

/** Families by name; throws on everything that the format does not allow. */
export function parseScrape(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  const families = new Map<string, Family>()
  const seen = new Set<string>()
  let help = ''
  let current: [string, Family] | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue
    const helped = /^# HELP ([a-zA-Z_:][\w:]*) (.*)$/.exec(line)
    const typed = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (helped !== null) help = helped[2] as string
    else if (typed !== null) {
      const [, name, type] = typed as unknown as [string, string, string]
      if (families.has(name)) throw new Error(`${name} is described twice`)
      current = [name, { type, help, samples: [] }]
      families.set(...current)
    } else {
      const sample = parseSample(line)
      if (current === null || !belongs(sample.name, ...current)) throw new Error(`stray sample: ${line}`)
      const key = line.slice(0, line.lastIndexOf(' '))
      if (seen.has(key)) throw new Error(`twice: ${key}`)
      seen.add(key)
      current[1].samples.push(sample)
    }
  }
  return families
}

/** The value of the one sample with these labels, in any order; undefined when there is none. */
export function sampleValue(families: Map<string, Family>, name: string, labels: Record<string, string>) {
  const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''))
  return family?.samples.find((sample) => sample.name === name && sameLabels(sample.labels, labels))?.value
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

function belongs(sample: string, name: string, { type }: Family): boolean {
  const suffixes =
    type === 'histogram' ? ['_bucket', '_sum', '_count'] : type === 'summary' ? ['', '_sum', '_count'] : ['']
  return suffixes.some((suffix) => sample === name + suffix)
}

function parseSample(line: string): Sample {
  const name = /^[a-zA-Z_:][\w:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`no name: ${line}`)
  const labels: Record<string, string> = {}
  let at = name.length
  if (line[at] === '{') {
    for (at += 1; line[at] !== '}'; ) {
      const label = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\["\\n])*)"/.exec(line.slice(at))
      if (label === null) throw new Error(`no label at ${at}: ${line}`)
      const [whole, key, raw] = label as unknown as [string, string, string]
      labels[key] = raw.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
      at += whole.length
      if (line[at] === ',') at += 1
      else if (line[at] !== '}') throw new Error(`no comma at ${at}: ${line}`)
    }
    at += 1
  }
  const value = /^ ([+-]?\d+(\.\d+)?(e[+-]?\d+)?|[+-]Inf|NaN)$/i.exec(line.slice(at))?.[1]
  if (value === undefined) throw new Error(`no value: ${line}`)
  return { name, labels, value: value.endsWith('Inf') ? Number.POSITIVE_INFINITY : Number(value) }
}
