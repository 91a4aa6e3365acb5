import { EventBatch, StringTable } from '@cryptoflow/model'
import { decodeFrame } from './src/upbit/frame.ts'
const frames: Buffer[] = []
for (let i=0;i<6000;i++){ const ms=1788335180423+i; frames.push(Buffer.from(`{"type":"trade","code":"KRW-BTC","timestamp":${ms},"trade_date":"2026-09-02","trade_time":"07:46:20","trade_timestamp":${ms-46},"trade_price":106${i%1000}000.00000000,"trade_volume":0.${String(10000000+i)},"ask_bid":"ASK","prev_closing_price":107005000.00000000,"change":"FALL","change_price":314000.00000000,"sequential_id":${ms-46}0004,"best_ask_price":106705000,"best_ask_size":0.00906333,"best_bid_price":106691000,"best_bid_size":0.00702247,"stream_type":"REALTIME"}`))}
const b = new EventBatch(new StringTable())
for (let r=0;r<400;r++) for (let i=0;i<6000;i++){ if(i%256===0)b.clear(); decodeFrame(frames[i] as Buffer,b)}
