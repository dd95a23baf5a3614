// Measures the built service against two opponents, in turns: npm run bench [-- --help]
import { constants } from 'node:os';
import { type Bed, createBed } from './bench/bed.ts';
import { createMachine } from './bench/machine.ts';
import { checkOpenFiles } from './bench/open-files.ts';
import { commandLine, type Options, parseOptions, USAGE } from './bench/options.ts';
import { type Result, scenarioTable } from './bench/report.ts';
import { type Scenario, scenariosOf } from './bench/scenarios.ts';
import { createStatusLine } from './bench/status-line.ts';
import type { Figures } from './bench/turn.ts';

const LOST = 1;
const NOT_MEASURED = 2;

const args = process.argv.slice(2);
const status = createStatusLine(process.stderr);
// What was started ends with this process: whoever started it sees to that on 'exit'.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    status.print(`ended by ${signal}`);
    process.exit(128 + constants.signals[signal]);
  });

try {
  const options = parseOptions(args);
  if (options) process.exitCode = await bench(options);
  else process.stdout.write(USAGE);
} catch (error) {
  status.print(error instanceof Error ? error.message : String(error));
  process.exit(NOT_MEASURED);
}

/** Gives the exit status. */
async function bench({ readers, repetitions }: Options): Promise<number> {
  checkOpenFiles(readers);
  const startedMs = Date.now();
  const machine = createMachine();
  const scenarios = scenariosOf(readers);
  const bed = await createBed(machine);
  const results = await takeAllTurns(bed, scenarios, repetitions);
  await bed.stop();

  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const parts = [
    `\`${commandLine(args)}\`: medians of ${repetitions}, in turns, ${seconds} s`,
    `Machine: ${machine.description}`,
    ...scenarios.map((scenario) => scenarioTable(scenario, results)),
  ];
  process.stdout.write(`${parts.join('\n\n')}\n`);
  return exitStatus(
    results
      .filter(({ target }) => target === 'service' || target === 'unchunked')
      .map(({ figures }) => figures),
  );
}

/** The servers are neighbours in time, so that the machine's moods hit all alike. */
async function takeAllTurns(bed: Bed, scenarios: readonly Scenario[], repetitions: number) {
  const results: Result[] = [];
  const total = repetitions * scenarios.reduce((sum, { targets }) => sum + targets.length, 0);
  let turn = 0;
  for (let repetition = 1; repetition <= repetitions; repetition++)
    for (const scenario of scenarios)
      for (const target of scenario.targets) {
        const heading = `[${++turn}/${total}] ${scenario.name}, ${target}, repetition ${repetition} of ${repetitions}`;
        status.show(heading);
        const figures = await bed.takeTurn(scenario, target, ({ done, total, what }) =>
          status.show(`${heading}: ${done} of ${total} ${what}`),
        );
        results.push({ scenario: scenario.name, target, figures });
        status.finish(`${heading}: ${brief(figures)}`);
      }
  status.clear();
  return results;
}

/** What a log of plain lines tells about a turn. */
function brief({ delivered, missing, doubled, cpuUsPerEvent, bytesPerReader }: Figures): string {
  if (delivered === undefined)
    return bytesPerReader ? `${Math.round(bytesPerReader)} bytes per connection` : 'done';
  const cpu = cpuUsPerEvent ? `, ${cpuUsPerEvent.toFixed(2)} µs per event` : '';
  return `${delivered} delivered, ${missing} missing, ${doubled} doubled${cpu}`;
}

function exitStatus(figures: readonly Figures[]): number {
  const total = (name: 'missing' | 'doubled' | 'outOfOrder') =>
    figures.reduce((sum, figure) => sum + (figure[name] ?? 0), 0);
  const [missing, doubled, outOfOrder] = [total('missing'), total('doubled'), total('outOfOrder')];
  if (missing + doubled + outOfOrder === 0) return 0;
  status.print(`The service lost ${missing}, doubled ${doubled} and disordered ${outOfOrder} deliveries.`);
  return LOST;
}
