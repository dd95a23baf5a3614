// `run-progress/element`: registers <run-progress>. Importing it twice, or beside the script, does no harm.
import { RunProgressElement } from './run-progress-element.ts';

if (customElements.get('run-progress') === undefined) {
  customElements.define('run-progress', RunProgressElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'run-progress': RunProgressElement;
  }
}

export type { ConnectionStatus, TransportName } from './connection-status.ts';
export type { TokenProvider } from './feed/tokens.ts';
export type { Data } from './message.ts';
export type { RunDetail } from './run-events.ts';
export type { Stage } from './stages.ts';
export type { Words } from './words.ts';
export { RunProgressElement };
