/**
 * Asks Apache's own clients, brokers and name servers whether ours are right.
 *
 *   node --import=tsx test/interop/run.ts [stores] [special-stores] [java-clients] [our-clients] [mixed] [selectors]
 *     [mqadmin-parity]
 *
 * mqadmin-parity: `--write` writes its table, `--only=topicList,topicRoute` takes these alone, `--show` prints all that
 * came of them.
 *
 * Needs java, javac, mvn and a built dist. Without the tools it says so and does nothing, unless CI=true. The last
 * line is the verdict, `N passed, M failed`; the lines before it list what is known to fail, and why.
 */
import { errorText } from '../../src/base/errors.js';
import { javaClients } from './directions/java-clients.js';
import { mqadminParity } from './directions/mqadmin-parity.js';
import { mixedCluster, ourClients } from './directions/our-clients.js';
import { selectors } from './directions/selectors.js';
import { specialStores } from './directions/special-stores.js';
import { storesChangeHands } from './directions/stores-change-hands.js';
import { type ApacheVersion, classPath, missingTools, SERVER_VERSION, VERSIONS } from './kit/artifacts.js';
import { Playground } from './kit/children.js';
import { Report } from './kit/report.js';
import { Servers } from './kit/servers.js';
import { TODO } from './todo.js';

const print = (text: string) => void process.stdout.write(text);

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const write = args.includes('--write');
  const show = args.includes('--show');
  const only = args.flatMap((arg) => (arg.startsWith('--only=') ? arg.slice('--only='.length).split(',') : []));
  const playground = await Playground.open();
  try {
    const missing = await missingTools(playground);
    if (missing.length > 0) return skip(`${missing.join(', ')} not found`);
    let servers: Servers;
    try {
      servers = new Servers(playground, await classPath(playground, SERVER_VERSION));
    } catch (error) {
      return skip(`no Apache jars: ${errorText(error)}`);
    }
    const report = new Report(TODO, print);
    report.note(
      `Apache servers ${SERVER_VERSION} (jars of 4.9 servers are not published), clients ${VERSIONS.join(', ')}`,
    );
    const classPathOf = (version: ApacheVersion) => classPath(playground, version);
    const directions: Record<string, () => Promise<void>> = {
      'java-clients': () => javaClients(servers, playground, classPathOf, report),
      'our-clients': () => ourClients(servers, playground, report),
      mixed: () => mixedCluster(servers, playground, classPathOf, report),
      selectors: async () => selectors(playground, await classPathOf(SERVER_VERSION), report),
      'mqadmin-parity': () => mqadminParity(servers, playground, report, { write, only, show }),
      stores: () => storesChangeHands(servers, playground, report),
      'special-stores': () => specialStores(servers, playground, report),
    };
    const unknown = wanted.filter((name) => directions[name] === undefined);
    if (unknown.length > 0) throw new Error(`no direction ${unknown}: there are ${Object.keys(directions).join(', ')}`);
    for (const [name, run] of Object.entries(directions)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      try {
        await run();
      } catch (error) {
        report.failedBecause(`${name}: runs to its end`, errorText(error));
      }
    }
    report.sumUp();
    return report.failed === 0 ? 0 : 1;
  } finally {
    await playground.close();
  }
}

function skip(reason: string): number {
  print(`interop: skipped: ${reason}\n`);
  return process.env.CI === 'true' ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
