/**
 * What the bench was asked: `--quick` takes a tenth of the data and of the time; `--only=<text>` the loads whose name
 * has it; `--data=<folder>` keeps the data there for the next run; `--rate=<n>` the requests a second of the mixed load;
 * `--seconds=<n>` the length of each load; `--profile` leaves a CPU profile of the host in dist/bench.
 */
const options = process.argv.slice(2);

function given(name: string): string | undefined {
  return options.find((option) => option.startsWith(`--${name}=`))?.slice(name.length + 3);
}

export const quick = options.includes('--quick');
export const profile = options.includes('--profile');
export const only = given('only');
export const data = given('data');
export const RECORDS = quick ? 10_000 : 100_000;
export const FEW = quick ? 100 : 1000;
export const SECONDS = Number(given('seconds') ?? (quick ? 1 : 5));
/** Seconds of each load before it is measured. */
export const WARM_UP = quick ? 1 : 3;
/** The same of loads that only write: their code is ten times as much, and is compiled for that much longer. */
export const WARM_UP_WRITING = quick ? 1 : 15;
export const CONNECTIONS = 64;
/** What a thousand people at their desks ask for together, in requests a second. */
export const DESKS_RATE = Number(given('rate') ?? 500);
