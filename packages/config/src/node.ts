/**
 * The words in which keys are declared. A declaration is plain data: the checks, the typed result, the JSON Schema,
 * `explain`, the printed values and the template are all read from it.
 */

/** What every declared key says about itself. */
interface About {
  /** Whole sentences: meaning and unit. */
  readonly doc: string
  /**
   * The package that acts on it; null: it is accepted, and nothing acts on it yet. Absent: as said for the section
   * around it.
   */
  readonly usedBy?: string | null
  /** Of a key that nothing uses: what holds instead. */
  readonly note?: string
}

/** Which values a leaf takes, whatever they mean. */
export type Form =
  | { readonly kind: 'whole' | 'number' | 'size'; readonly min: number; readonly max: number }
  | { readonly kind: 'flag' }
  | { readonly kind: 'choice'; readonly values: readonly string[] }
  /** `pattern` is anchored, in the dialect that JSON Schema and `RegExp` with `u` share; `says` names it to people. */
  | { readonly kind: 'text'; readonly pattern: string; readonly says: string; readonly charsMax: number }

/** A single value. */
export interface Leaf<V> extends About {
  readonly kind: 'leaf'
  readonly form: Form
  /** Undefined: it must be given. */
  readonly default: V | undefined
  readonly isNullable: boolean
  /** Why it may never change once data are stored. */
  readonly immutable?: string
}

/** Keys with fixed names. */
export interface Section<K extends Keys = Keys> extends About {
  readonly kind: 'section'
  readonly keys: K
}

/** A section that may be switched off with `null`, or on by being there. */
export interface OptionalSection<K extends Keys = Keys> extends About {
  readonly kind: 'optional'
  readonly section: Section<K>
  /** What holds where it is absent: its keys' defaults (`on`), or null. */
  readonly default: 'on' | null
}

/** Values in a row. A default of null means: none given, which is not the same as none. */
export interface List<N extends Node = Node, D extends null | 'empty' = null | 'empty'> extends About {
  readonly kind: 'list'
  readonly of: N
  readonly default: D
  readonly min: number
  readonly max: number
}

/** Keys that the user names. */
export interface Names<N extends Node = Node> extends About {
  readonly kind: 'names'
  readonly of: N
  /** What the names are. */
  readonly says: string
  /** Anchored. */
  readonly pattern: string
}

export type Node =
  | Leaf<string>
  | Leaf<string | null>
  | Leaf<number>
  | Leaf<number | null>
  | Leaf<boolean>
  | Section
  | OptionalSection
  | List
  | Names
export type Keys = { readonly [name: string]: Node }

/** `flush_every_ms` as code spells it: `flushEveryMs`. */
export type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S

/** What a checked value of a node looks like: frozen, in camelCase, names as they were given. */
export type ValueOf<N> =
  N extends Leaf<infer V>
    ? V
    : N extends Section<infer K>
      ? { readonly [P in keyof K as Camel<P & string>]: ValueOf<K[P]> }
      : N extends OptionalSection<infer K>
        ? ValueOf<Section<K>> | null
        : N extends List<infer I, infer D>
          ? readonly ValueOf<I>[] | (D extends null ? null : never)
          : N extends Names<infer I>
            ? Readonly<Record<string, ValueOf<I>>>
            : never

interface NumberRange<V> extends About {
  readonly default: V
  readonly min: number
  readonly max: number
  readonly immutable?: string
}

/** The same name in camelCase, as `Camel` types it. */
export function camelOf(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

function leaf<V>(form: Form, about: About & { default: V | undefined }, isNullable = false): Leaf<V> {
  return { kind: 'leaf', form, isNullable, ...about }
}

/** A whole number. */
export function whole({ min, max, ...about }: NumberRange<number>): Leaf<number> {
  return leaf({ kind: 'whole', min, max }, about)
}

/** A number with a fraction. */
export function fraction({ min, max, ...about }: NumberRange<number>): Leaf<number> {
  return leaf({ kind: 'number', min, max }, about)
}

/** Bytes: a whole number, or text with a unit (`20GB`, `64MiB`). */
export function size({ min, max, ...about }: NumberRange<number>): Leaf<number> {
  return leaf({ kind: 'size', min, max }, about)
}

/** A whole number or null. */
export function wholeOrNull({ min, max, ...about }: NumberRange<null>): Leaf<number | null> {
  return leaf<number | null>({ kind: 'whole', min, max }, about, true)
}

/** Bytes or null. */
export function sizeOrNull({ min, max, ...about }: NumberRange<null>): Leaf<number | null> {
  return leaf<number | null>({ kind: 'size', min, max }, about, true)
}

export function flag(about: About & { readonly default: boolean }): Leaf<boolean> {
  return leaf({ kind: 'flag' }, about)
}

export function choice<const C extends string>(
  values: readonly C[],
  about: About & { readonly default: NoInfer<C> },
): Leaf<C> {
  return leaf({ kind: 'choice', values }, about)
}

export function choiceOrNull<const C extends string>(values: readonly C[], about: About): Leaf<C | null> {
  return leaf<C | null>({ kind: 'choice', values }, { default: null, ...about }, true)
}

/** How a text must look. */
export interface TextShape {
  readonly pattern: string
  readonly says: string
  readonly charsMax: number
}

/** A text; without a default it must be given. */
export function text(shape: TextShape, about: About & { readonly default?: string }): Leaf<string> {
  return leaf({ kind: 'text', ...shape }, { default: undefined, ...about })
}

export function textOrNull(shape: TextShape, about: About): Leaf<string | null> {
  return leaf<string | null>({ kind: 'text', ...shape }, { default: null, ...about }, true)
}

export function section<K extends Keys>(about: About, keys: K): Section<K> {
  return { kind: 'section', keys, ...about }
}

export function optional<K extends Keys>(
  of: Section<K>,
  whenAbsent: OptionalSection['default'] = 'on',
): OptionalSection<K> {
  const { kind: _, keys: __, ...about } = of
  return { kind: 'optional', section: of, default: whenAbsent, ...about }
}

export function list<N extends Node, D extends null | 'empty'>(
  of: N,
  about: About & { readonly default: D; readonly min: number; readonly max: number },
): List<N, D> {
  return { kind: 'list', of, ...about }
}

export function names<N extends Node>(
  of: N,
  about: About & { readonly says: string; readonly pattern: string },
): Names<N> {
  return { kind: 'names', of, ...about }
}
