import { publisherContract } from './publisher-contract.ts';
import { startNodeWorker } from './support/worker.ts';

publisherContract('Node', startNodeWorker);
