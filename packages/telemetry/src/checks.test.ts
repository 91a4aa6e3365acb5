import { manualClock } from '@cryptoflow/runtime'
import { expect, test } from 'vitest'
import {
  breakersCheck,
  channelsCheck,
  commitCheck,
  connectionsCheck,
  runCheck,
  writersCheck,
} from './checks.ts'

test('connections are ok only when every one of every collector is there', () => {
  const state = (...collectors: [string, number, number][]) =>
    connectionsCheck(() => collectors.map(([collector, up, total]) => ({ collector, up, total }))).check()
  expect(state(['a', 2, 2], ['b', 1, 1])).toMatchObject({ state: 'ok' })
  expect(state(['a', 2, 3], ['b', 1, 4])).toMatchObject({
    state: 'degraded',
    reason: '4 connections are missing',
  })
  expect(state(['a', 9, 9], ['b', 0, 1], ['c', 0, 1])).toMatchObject({
    state: 'down',
    reason: 'no connection: b, c',
  })
  expect(state()).toMatchObject({ state: 'down', reason: 'no collector has started' })
  expect(state(['polls alone', 0, 0], ['b', 1, 1])).toMatchObject({ state: 'ok' })
})

test('what is left alone after failures degrades a process, and does not stop it', () => {
  const state = (...states: string[]) =>
    breakersCheck(() => states.map((each, index) => ({ dependency: `d${index}`, state: each }))).check()
  expect(state('closed', 'closed').state).toBe('ok')
  expect(state('open', 'closed', 'half_open')).toMatchObject({
    state: 'degraded',
    reason: 'left alone after failures: d0, d2',
  })
})

test('one writer with a problem is enough to be down', () => {
  const state = (...problems: (string | null)[]) =>
    writersCheck(() => problems.map((problem, index) => ({ writer: `w${index}`, problem }))).check()
  expect(state(null, null).state).toBe('ok')
  expect(state(null, 'disk full', 'gone')).toMatchObject({ state: 'down', reason: 'w1: disk full; w2: gone' })
  expect(state().state).toBe('down')
})

test('a channel that is nearly full degrades, and takes nobody out of service', () => {
  const state = (...channels: [string, boolean][]) =>
    channelsCheck(() =>
      channels.map(([name, isFilling]) => ({
        name,
        isFilling,
        depth: 5,
        occupancy: 0.5,
        highWater: 7,
        left: 1,
      })),
    ).check()
  expect(state(['raw', false])).toEqual({
    state: 'ok',
    details: { channels: [{ name: 'raw', depth: 5, occupancy: 0.5, high_water: 7, left: 1 }] },
  })
  expect(state(['raw', true], ['b', false], ['c', true])).toMatchObject({
    state: 'degraded',
    reason: 'nearly full: raw, c',
  })
})

test('the last commit must be younger than the bound, to the second', () => {
  const clock = manualClock()
  let lastUs: number | null = null
  const check = commitCheck({ clock, ageSecondsMax: 60, lastCommitUs: () => lastUs })
  expect(check.check().state).toBe('ok')
  clock.advance(59_999)
  expect(check.check().state).toBe('ok')
  clock.advance(1)
  expect(check.check().reason).toBe('nothing is committed since the start 60 s ago, expected less than 60 s')
  lastUs = clock.nowUs()
  expect(check.check().state).toBe('ok')
  clock.advance(60_000)
  expect(check.check()).toMatchObject({ state: 'down', details: { age_seconds: 60, has_committed: true } })
})

test('no commit is due while nothing waits to be committed', () => {
  const clock = manualClock()
  let isWorkWaiting = false
  const check = commitCheck({
    clock,
    ageSecondsMax: 60,
    lastCommitUs: () => 0,
    isWorkWaiting: () => isWorkWaiting,
  })
  expect(check.check().state).toBe('ok')
  isWorkWaiting = true
  expect(check.check().state).toBe('down')
})

test('a check that throws has found its component down', () => {
  const failing = { name: 'x', check: () => JSON.parse('{') }
  expect(runCheck(failing)).toMatchObject({
    state: 'down',
    reason: expect.stringContaining('check itself failed'),
  })
})
