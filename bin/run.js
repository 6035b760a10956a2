#!/usr/bin/env node
import module from 'node:module';

// Compiled code is kept between runs where Node can (22.1 and later): commands start faster.
module.enableCompileCache?.();
const { run } = await import('../dist/src/cli/run.js');
process.exit(await run());
