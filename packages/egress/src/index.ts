export { type DirectDialer, directDialer } from './direct.ts'
