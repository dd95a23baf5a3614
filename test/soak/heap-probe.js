// Loaded into a server under test, with --expose-gc: on SIGUSR2 it says how large its heap is when all garbage is gone.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  process.stdout.write(`${JSON.stringify({ heapUsed: process.memoryUsage().heapUsed })}\n`);
});
