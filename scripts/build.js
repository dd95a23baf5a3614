// Bundles the service and its command line into dist/, and the element into public/ and dist/. Compresses what is served.
import { build } from 'esbuild';
import { bundleOptions, copyLuaScripts, removeChunks } from './bundle.js';
import { bundleElement } from './bundle-element.js';
import { compressFiles } from './compress.js';

removeChunks();
await build(bundleOptions);
copyLuaScripts();
await bundleElement();
compressFiles();
