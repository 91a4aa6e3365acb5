import { upbitBench } from './bench/upbit.ts'
for (const l of upbitBench(process.env.CRYPTOFLOW_CAPTURES)) console.log(l.name, l.value.toExponential(3), l.baseline.toExponential(3), l.ratio.toFixed(2))
