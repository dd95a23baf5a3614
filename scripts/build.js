// Bundles the service and its command line into dist/, and the element into public/ and dist/.
import { build } from 'esbuild';
import { bundleOptions, copyLuaScripts, removeChunks } from './bundle.js';
import { bundleElement } from './bundle-element.js';

removeChunks();
await build(bundleOptions);
copyLuaScripts();
await bundleElement();
