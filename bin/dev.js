#!/usr/bin/env -S node --import=tsx
// Runs from the sources, without a build.
const { run } = await import('../src/cli/run.ts');
process.exit(await run());
