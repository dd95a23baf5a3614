// `run-progress/element`: registers <run-progress>. Importing it twice, or beside the script, does no harm.
import { RunProgressElement } from './run-progress-element.ts';

if (customElements.get('run-progress') === undefined) {
  customElements.define('run-progress', RunProgressElement);
}

export { RunProgressElement };
