export {
  Channel,
  type ChannelBounds,
  type ChannelOptions,
  type ChannelPolicy,
  type Offered,
} from './channel.ts'
export { type ChannelReading, type ChannelWatch, watchChannels } from './watcher.ts'
