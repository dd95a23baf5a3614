// `/run-progress.js`: the self-contained module for a script tag. Its own origin is the default server.
import { RunProgressElement } from './run-progress-element.ts';

RunProgressElement.defaultServer = new URL(import.meta.url).origin;
if (customElements.get('run-progress') === undefined) {
  customElements.define('run-progress', RunProgressElement);
}
