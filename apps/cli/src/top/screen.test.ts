import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { openScreen } from './screen.ts'

function terminal() {
  let written = ''
  const raw: boolean[] = []
  const out = {
    columns: 80,
    rows: 5,
    write(text: string) {
      written += text
    },
  }
  const input = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (mode: boolean) => raw.push(mode),
    resume: () => {},
    pause: () => {},
  })
  const signals = new EventEmitter()
  const screen = openScreen(out as never, input as never, signals as never)
  return { screen, input, signals, raw, written: () => written }
}

describe('a screen', () => {
  it('is drawn over from its top, never longer than the terminal', () => {
    const { screen, written } = terminal()
    screen.draw(Array.from({ length: 9 }, (_, i) => `line ${i}`).join('\n'))
    screen.draw('short')
    expect(written().split('\x1b[H').slice(1)).toEqual([
      'line 0\x1b[K\r\nline 1\x1b[K\r\nline 2\x1b[K\r\nline 3\x1b[K\x1b[J',
      'short\x1b[K\x1b[J',
    ])
  })

  it.each(['q', 'Q', '\x03', '\x04'])('ends when %j is typed, and by nothing else', async (key) => {
    const { screen, input } = terminal()
    let isOver = false
    const over = screen.ended.then(() => {
      isOver = true
    })
    input.emit('data', Buffer.from('x \x1b[A'))
    await Promise.resolve()
    expect(isOver).toBe(false)
    input.emit('data', Buffer.from(key))
    await over
  })

  it('ends when its input ends, and by a signal', async () => {
    const first = terminal()
    first.input.emit('end')
    await first.screen.ended
    const second = terminal()
    second.signals.emit('SIGTERM')
    await second.screen.ended
  })

  it('gives the terminal back as it was, once', () => {
    const { screen, input, signals, raw, written } = terminal()
    expect(written()).toBe('\x1b[?1049h\x1b[?25l')
    screen.close()
    screen.close()
    expect(raw).toEqual([true, false])
    expect(written().endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
    expect(written().split('\x1b[?1049l')).toHaveLength(2)
    expect([
      input.listenerCount('data'),
      input.listenerCount('end'),
      signals.listenerCount('SIGINT'),
    ]).toEqual([0, 0, 0])
  })
})
