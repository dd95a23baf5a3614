// A worker in whatever runtime runs this: 500 updates and the end, to the Redis whose URL it is given.
import { createPublisher } from '../../../dist/publisher.js';

const UPDATES = 500;

const publisher = createPublisher({ redisUrl: process.argv.at(-1) });
for (let i = 1; i <= UPDATES; i++)
  publisher.publish('by publisher', { advance: 1, total: UPDATES, log: `line ${i}` });
publisher.publish('by publisher', { state: 'END' });
await publisher.close();
