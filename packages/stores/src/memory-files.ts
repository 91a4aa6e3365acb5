import { assert } from '@cryptoflow/model'
import type { Files } from './disk.ts'

interface Folder {
  entries: Map<string, Node>
  /** Entries that survive a power loss. */
  durable: Map<string, Node>
}
interface Leaf {
  bytes: Uint8Array
  /** Content that survives a power loss. */
  durable: Uint8Array
}
type Node = Folder | Leaf

export type Call = 'link' | 'mkdir' | 'open' | 'write' | 'sync' | 'readFile' | 'rename' | 'stat' | 'unlink'

/** A disk for tests that forgets, at a power loss, everything that nobody synced (rule K12). */
export interface MemoryFiles {
  readonly files: Files
  /** Calls so far, as `call path`. */
  readonly calls: string[]
  /** Consulted before each call; answers a system error code to fail with. */
  fault: (call: Call, index: number) => string | null
  /** Most bytes that one write takes. */
  writeMax: number
  powerLoss(): void
  /** Path and content of every file. */
  content(): Map<string, Uint8Array>
}

export function memoryFiles(): MemoryFiles {
  const folder = (): Folder => ({ entries: new Map(), durable: new Map() })
  const root = folder()
  const disk: MemoryFiles = {
    files: {} as Files,
    calls: [],
    fault: () => null,
    writeMax: Number.POSITIVE_INFINITY,
    powerLoss: () => forget(root),
    content: () => list(root, ''),
  }

  const begin = (call: Call, path: string): void => {
    disk.calls.push(`${call} ${path}`)
    const code = disk.fault(call, disk.calls.length - 1)
    if (code !== null) throw failure(code, call, path)
  }
  const parentOf = (call: Call, path: string): [Folder, string] => {
    const parts = path.split('/').slice(1)
    const name = parts.pop() as string
    let at: Node = root
    for (const part of parts) {
      const next: Node | undefined = 'entries' in at ? at.entries.get(part) : undefined
      if (next === undefined) throw failure('ENOENT', call, path)
      at = next
    }
    if (!('entries' in at)) throw failure('ENOTDIR', call, path)
    return [at, name]
  }
  const nodeAt = (call: Call, path: string): Node => {
    if (path === '/') return root
    const [parent, name] = parentOf(call, path)
    const node = parent.entries.get(name)
    if (node === undefined) throw failure('ENOENT', call, path)
    return node
  }
  const handle = (node: Node, path: string) => ({
    async write(bytes: Uint8Array, offset: number, length: number) {
      begin('write', path)
      assert('bytes' in node, 'only files are written')
      const taken = bytes.subarray(offset, offset + Math.min(length, disk.writeMax))
      node.bytes = Uint8Array.from([...node.bytes, ...taken])
      return { bytesWritten: taken.length, buffer: bytes }
    },
    async sync() {
      begin('sync', path)
      if ('entries' in node) node.durable = new Map(node.entries)
      else node.durable = node.bytes
    },
    async close() {},
  })

  Object.assign(disk.files, {
    async open(path: string, flags: string) {
      begin('open', path)
      if (flags === 'r') return handle(nodeAt('open', path), path)
      const [parent, name] = parentOf('open', path)
      if (parent.entries.has(name)) throw failure('EEXIST', 'open', path)
      const leaf = { bytes: new Uint8Array(), durable: new Uint8Array() }
      parent.entries.set(name, leaf)
      return handle(leaf, path)
    },
    async mkdir(path: string) {
      begin('mkdir', path)
      const [parent, name] = parentOf('mkdir', path)
      if (parent.entries.has(name)) throw failure('EEXIST', 'mkdir', path)
      parent.entries.set(name, folder())
    },
    async link(from: string, to: string) {
      begin('link', to)
      const [parent, name] = parentOf('link', to)
      if (parent.entries.has(name)) throw failure('EEXIST', 'link', to)
      parent.entries.set(name, nodeAt('link', from))
    },
    async rename(from: string, to: string) {
      begin('rename', to)
      const node = nodeAt('rename', from)
      const [source, sourceName] = parentOf('rename', from)
      const [target, targetName] = parentOf('rename', to)
      source.entries.delete(sourceName)
      target.entries.set(targetName, node)
    },
    async unlink(path: string) {
      begin('unlink', path)
      const [parent, name] = parentOf('unlink', path)
      if (!parent.entries.delete(name)) throw failure('ENOENT', 'unlink', path)
    },
    async stat(path: string) {
      begin('stat', path)
      const node = nodeAt('stat', path)
      const isFile = 'bytes' in node
      return { isFile: () => isFile, isDirectory: () => !isFile, size: isFile ? node.bytes.length : 0 }
    },
    async readFile(path: string) {
      begin('readFile', path)
      const node = nodeAt('readFile', path)
      if (!('bytes' in node)) throw failure('EISDIR', 'readFile', path)
      return node.bytes
    },
  })
  return disk
}

function forget(node: Node): void {
  if ('bytes' in node) {
    node.bytes = node.durable
    return
  }
  node.entries = new Map(node.durable)
  for (const child of node.entries.values()) forget(child)
}

function list(folder: Folder, path: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const [name, node] of folder.entries) {
    if ('bytes' in node) found.set(`${path}/${name}`, node.bytes)
    else for (const [below, bytes] of list(node, `${path}/${name}`)) found.set(below, bytes)
  }
  return found
}

function failure(code: string, syscall: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${syscall} '${path}'`), { code, syscall, path })
}
