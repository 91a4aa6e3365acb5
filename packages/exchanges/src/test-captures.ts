import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    captures: string | undefined
  }
}

/** For tests: where the captures are, as `vitest.config.ts` was told; undefined where there are none. */
export const capturesDirectory = inject('captures')
