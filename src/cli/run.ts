import { main } from './main.js';
import { processIo } from './process-io.js';

/**
 * Runs the process's command line. The build bundles this file with all it needs for plain commands, because reading
 * a hundred small files takes longer than the rest of a command.
 *
 * @returns the exit code
 */
export function run(): Promise<number> {
  return main(process.argv.slice(2), processIo());
}
