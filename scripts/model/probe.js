// Loaded into the processes that are measured, with --expose-gc: on SIGUSR2 they say what they hold when all garbage is gone.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ probed: process.pid, held: heapUsed + external })}\n`);
});
