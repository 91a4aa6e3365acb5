import { expect, it } from 'vitest'
import { openDiskForecast } from './disk-forecast.ts'

const MINUTE_US = 60_000_000

it('a disk is full when what is lost per second has taken what is free', () => {
  const disk = openDiskForecast()
  expect(disk.fullInSeconds()).toBe(Number.POSITIVE_INFINITY)
  disk.look(0, 10_000)
  disk.look(MINUTE_US - 1, 9_000)
  expect(disk.fullInSeconds()).toBe(Number.POSITIVE_INFINITY)
  disk.look(MINUTE_US, 9_000)
  expect(disk.fullInSeconds()).toBe(9 * 60)
  disk.look(2 * MINUTE_US, 7_000)
  expect(disk.fullInSeconds()).toBe((7 / 3) * 120)
  disk.look(3 * MINUTE_US, 0)
  expect(disk.fullInSeconds()).toBe(0)
})

it('what was lost long ago, and room that comes back, forecast nothing', () => {
  const disk = openDiskForecast()
  disk.look(0, 10_000)
  disk.look(MINUTE_US, 5_000)
  disk.look(12 * MINUTE_US, 5_000)
  expect(disk.fullInSeconds()).toBe(Number.POSITIVE_INFINITY)
  disk.look(13 * MINUTE_US, 6_000)
  expect(disk.fullInSeconds()).toBe(Number.POSITIVE_INFINITY)
})
