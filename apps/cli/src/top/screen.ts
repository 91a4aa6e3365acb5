/** Bytes that a terminal understands (ECMA-48, xterm's alternate screen). */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const TO_LINE_END = '\x1b[K'
const TO_SCREEN_END = '\x1b[J'

/** A terminal that is drawn over and over, until somebody has seen enough. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  draw(text: string): void
  /** Fulfilled when q, Ctrl-C or Ctrl-D was typed, the input ended, or a signal came. */
  readonly ended: Promise<void>
  /** Gives the terminal back as it was. */
  close(): void
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'columns' | 'rows'>
type Input = Pick<NodeJS.ReadStream, 'isTTY' | 'setRawMode' | 'resume' | 'pause' | 'on' | 'off'>
type Signals = Pick<NodeJS.Process, 'on' | 'off'>

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export function openScreen(out: Output, input: Input, signals: Signals): Screen {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const onData = (bytes: Uint8Array): void => {
    // Ctrl-C and Ctrl-D are bytes like others once the terminal is raw.
    if (Buffer.from(bytes).some((byte) => byte === 3 || byte === 4 || byte === 113 || byte === 81)) end()
  }
  const onEnd = (): void => end()
  if (input.isTTY) input.setRawMode(true)
  input.on('data', onData)
  input.on('end', onEnd)
  input.resume()
  for (const signal of SIGNALS) signals.on(signal, onEnd)
  out.write(ENTER)
  let isOpen = true
  return {
    get columns() {
      return out.columns || 80
    },
    get rows() {
      return out.rows || 24
    },
    draw(text) {
      const lines = text.split('\n').slice(0, (out.rows || 24) - 1)
      out.write(HOME + lines.map((line) => line + TO_LINE_END).join('\r\n') + TO_SCREEN_END)
    },
    ended,
    close() {
      if (!isOpen) return
      isOpen = false
      out.write(LEAVE)
      for (const signal of SIGNALS) signals.off(signal, onEnd)
      input.off('data', onData)
      input.off('end', onEnd)
      if (input.isTTY) input.setRawMode(false)
      input.pause()
    },
  }
}
