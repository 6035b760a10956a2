#!/usr/bin/env node
import module from 'node:module';

// Compiled code is kept between runs where Node can (22.1 and later): commands start faster.
module.enableCompileCache?.();
const [{ main }, { processIo }] = await Promise.all([
  import('../dist/src/cli/main.js'),
  import('../dist/src/cli/process-io.js'),
]);
process.exit(await main(process.argv.slice(2), processIo()));
