/** What is used of WebAssembly, whose types Node.js leaves to those of browsers. */

interface Memory {
  readonly buffer: ArrayBuffer
}

type Module = object

interface Known {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => Memory
  readonly Module: new (bytes: Uint8Array) => Module
  readonly Instance: new (
    module: Module,
    imports: { readonly env: { readonly memory: Memory } },
  ) => { readonly exports: object }
}

export const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Known }
