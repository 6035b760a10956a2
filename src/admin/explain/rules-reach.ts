import { counted } from '../../base/units.js';
import type { Unreachable } from '../fan-out.js';
import type { GroupEvidence } from './evidence.js';
import { type Finding, someLines } from './finding.js';

/** Codes of brokers that could not be connected to. */
const NO_CONNECTION: ReadonlySet<string> = new Set(['REMOTING_CONNECT', 'UNREACHABLE']);
const LOOPBACK = /^(?:127\.|localhost:|\[?::1\]?:)/;
/** Networks that containers get by default, and addresses without a server of addresses. */
const INNER_NETWORK = /^(?:172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.)/;

/** Rules about brokers that cannot be asked: members reach them under the same addresses. */
export function reachFindings(group: GroupEvidence): Finding[] {
  const dead = group.unreachable.filter(({ code }) => NO_CONNECTION.has(code));
  const silent = group.unreachable.filter(({ code }) => !NO_CONNECTION.has(code));
  return [...unreachable(group, dead), ...brokersSilent(silent)];
}

const lineOf = ({ brokerName, addr, reason }: Unreachable): string =>
  `${brokerName === null ? addr : `${brokerName} advertises ${addr}`}: ${reason}`;

function unreachable(group: GroupEvidence, dead: readonly Unreachable[]): Finding[] {
  if (dead.length === 0) return [];
  return [
    {
      rule: 'address-unreachable',
      severity: 'problem',
      impact: 'stuck',
      title: `the advertised address of ${counted(dead.length, 'broker')} cannot be reached from here`,
      evidence: [
        ...someLines(dead.map(lineOf)),
        ...dead.flatMap(({ addr }) => adviceFor(addr, group.namesrvAddrs)),
        'clients get the same address from the name server: where it cannot be reached, the queues of that broker stand still',
      ],
      queues: [],
      clients: [],
      next: [
        { command: 'mqadmin cluster list', why: 'see which brokers answer' },
        {
          command: `MQADMIN_ADDRESS_MAP=${dead[0]?.addr}=HOST:PORT mqadmin cluster list`,
          why: 'try another way to it; brokerIP1 and listenPort in its broker.conf say what it advertises',
        },
      ],
    },
  ];
}

/** What is odd about an address. */
function adviceFor(addr: string, namesrvAddrs: readonly string[]): string[] {
  const isHere = namesrvAddrs.some((each) => LOOPBACK.test(each));
  if (LOOPBACK.test(addr) && !isHere) {
    return [`${addr} is a loopback address: only clients on the broker's own machine reach it (brokerIP1)`];
  }
  if (INNER_NETWORK.test(addr)) return [`${addr} looks like the address of a container: set brokerIP1 to the host's`];
  return [];
}

function brokersSilent(silent: readonly Unreachable[]): Finding[] {
  if (silent.length === 0) return [];
  return [
    {
      rule: 'broker-silent',
      severity: 'warning',
      impact: 'risk',
      title: `${counted(silent.length, 'broker')} did not tell all about the group`,
      evidence: someLines(silent.map(({ brokerName, addr, reason }) => `${brokerName ?? addr} (${addr}): ${reason}`)),
      queues: [],
      clients: [],
      next: [{ command: 'mqadmin doctor', why: 'see what is wrong with the cluster' }],
    },
  ];
}
