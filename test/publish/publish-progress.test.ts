import { publisherContract } from './publisher-contract.ts';
import { startPythonWorker } from './support/worker.ts';

publisherContract('Python', startPythonWorker);
