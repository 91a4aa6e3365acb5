export { addReplay, runReplayer } from './command.ts'
