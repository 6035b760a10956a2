/**
 * Asks Apache's own clients, brokers and name servers whether ours are right.
 *
 *   node --import=tsx test/interop/run.ts [clients] [ours] [mixed] [selectors] [signed] [ordered-pops]
 *     [mqadmin-parity] [stores] [special-stores] [disturbances] [operations] [declarative] [diagnosis] [recipes]
 *     [reference]
 *
 * mqadmin-parity: `--write` writes its table, `--only=topicList,topicRoute` takes these alone, `--show` prints all that
 * came of them.
 *
 * Needs java, javac, mvn, go and a built dist. Without the tools it says so and does nothing, unless CI=true. Lists what
 * is known to fail, and why; the last line is the verdict, `N passed, M todo`.
 */
import { errorText } from '../../src/base/errors.js';
import { apacheToApache, clientsToOurs, oursToApache } from './directions/clients.js';
import { declarative } from './directions/declarative.js';
import { diagnosis } from './directions/diagnosis.js';
import { disturbances } from './directions/disturbances.js';
import { mixedCluster } from './directions/mixed.js';
import { mqadminParity } from './directions/mqadmin-parity.js';
import { operations } from './directions/operations.js';
import { orderedPops } from './directions/ordered-pops.js';
import { sandboxRecipes } from './directions/recipes.js';
import { selectors } from './directions/selectors.js';
import { signed } from './directions/signed.js';
import { specialStores } from './directions/special-stores.js';
import { storesChangeHands } from './directions/stores-change-hands.js';
import { CLIENT_VERSIONS, missingTools, oracleClassPath, prepare, SERVER_VERSIONS } from './kit/artifacts.js';
import { Playground } from './kit/children.js';
import { Report } from './kit/report.js';
import { Servers } from './kit/servers.js';
import { TODO } from './todo.js';

/** reference takes its time, and asks nothing of ours. */
const BY_DEFAULT = [
  'clients',
  'ours',
  'mixed',
  'selectors',
  'signed',
  'ordered-pops',
  'mqadmin-parity',
  'stores',
  'special-stores',
  'disturbances',
  'declarative',
  'diagnosis',
  'operations',
  'recipes',
];

const NAMES = [...BY_DEFAULT, 'reference'];

const print = (text: string) => void process.stdout.write(text);

async function main(args: readonly string[]): Promise<number> {
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const write = args.includes('--write');
  const show = args.includes('--show');
  const only = args.flatMap((arg) => (arg.startsWith('--only=') ? arg.slice('--only='.length).split(',') : []));
  const unknown = wanted.filter((name) => !NAMES.includes(name));
  if (unknown.length > 0) throw new Error(`no direction ${unknown}: there are ${NAMES.join(', ')}`);
  const playground = await Playground.open();
  try {
    const missing = await missingTools(playground);
    if (missing.length > 0) return skip(`${missing.join(', ')} not found`);
    let servers: Servers;
    try {
      servers = new Servers(playground, await prepare(playground));
    } catch (error) {
      return skip(`Apache's jars or Go module cannot be had: ${errorText(error)}`);
    }
    const report = new Report(TODO, print);
    const versions = [...Object.values(SERVER_VERSIONS), 'clients', ...Object.values(CLIENT_VERSIONS)];
    report.note(`Apache servers ${versions.join(' ')} (Java) 2.1.2 (Go)`);
    const directions: Readonly<Record<string, () => Promise<void>>> = {
      clients: () => clientsToOurs(servers, playground, report),
      ours: () => oursToApache(servers, playground, report),
      mixed: () => mixedCluster(servers, playground, report),
      selectors: async () => selectors(playground, await oracleClassPath(playground), report),
      signed: () => signed('ours', servers, playground, report),
      'ordered-pops': () => orderedPops(servers, playground, report),
      'mqadmin-parity': () => mqadminParity(servers, playground, report, { write, only, show }),
      stores: () => storesChangeHands(servers, playground, report),
      'special-stores': () => specialStores(servers, playground, report),
      disturbances: () => disturbances(servers, playground, report),
      operations: () => operations(servers, playground, report),
      declarative: () => declarative(servers, playground, report),
      diagnosis: () => diagnosis(servers, playground, report),
      recipes: () => sandboxRecipes(playground, report),
      reference: async () => {
        await apacheToApache(servers, playground, report);
        await signed('apache', servers, playground, report);
      },
    };
    for (const [name, run] of Object.entries(directions)) {
      if (!(wanted.length > 0 ? wanted : BY_DEFAULT).includes(name)) continue;
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
  print(`interop: skipped: ${reason.replaceAll('\n', ' ')}\n`);
  return process.env.CI === 'true' ? 1 : 0;
}

process.exit(await main(process.argv.slice(2)));
