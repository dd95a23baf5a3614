// Loaded into a server under test, with --expose-gc: on SIGUSR2 it says how large its heap is when all garbage is gone, and
// what keeps it alive: timers, sockets, and so on.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  /** @type {Record<string, number>} */
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  process.stdout.write(`${JSON.stringify({ heapUsed, external, resources })}\n`);
});
