import { counted } from '../../base/units.js';
import { isReadable, permText } from '../../protocol/topic-config.js';
import type { BrokerEvidence, GroupEvidence } from './evidence.js';
import { type Finding, shellWord } from './finding.js';

/** Rules about what brokers are told to let the group do. */
export function settingFindings(group: GroupEvidence): Finding[] {
  return [...missingGroup(group), ...consumptionDisabled(group), ...permissions(group), ...unrouted(group)];
}

const at = ({ brokerName, addr }: Pick<BrokerEvidence, 'brokerName' | 'addr'>): string => `${brokerName} (${addr})`;

/** Brokers refuse pulls of a group that they do not have: code 26. */
function missingGroup(group: GroupEvidence): Finding[] {
  const missing = group.brokers.filter(({ config }) => config === null);
  if (missing.length === 0) return [];
  return [
    {
      rule: 'group-missing',
      severity: 'problem',
      impact: 'stuck',
      title: `${counted(missing.length, 'broker')} of ${group.brokers.length} ${missing.length === 1 ? 'does' : 'do'} not have the group and refuse${missing.length === 1 ? 's' : ''} its pulls`,
      evidence: missing.map((broker) => `${at(broker)}: no settings of the group`),
      queues: [],
      clients: [],
      next: missing.map(({ addr }) => ({
        command: `mqadmin consumer create ${shellWord(group.consumerGroup)} -b ${addr}`,
        why: 'create it there',
      })),
    },
  ];
}

/** consumeEnable=false, or consumeBroadcastEnable=false of a broadcasting group. */
function consumptionDisabled(group: GroupEvidence): Finding[] {
  const findings: Finding[] = [];
  const report = (brokers: readonly BrokerEvidence[], setting: string, flag: string): void => {
    if (brokers.length === 0) return;
    findings.push({
      rule: 'consumption-disabled',
      severity: 'problem',
      impact: 'stuck',
      title: `consumption is switched off for the group (${setting}=false)`,
      evidence: brokers.map((broker) => `${at(broker)}: ${setting}=false`),
      queues: [],
      clients: [],
      next: brokers.map(({ addr }) => ({
        command: `mqadmin consumer update ${shellWord(group.consumerGroup)} -b ${addr} ${flag} true`,
        why: 'let it consume again',
      })),
    });
  };
  const having = group.brokers.filter(({ config }) => config !== null);
  report(
    having.filter(({ config }) => config?.consumeEnable === false),
    'consumeEnable',
    '--enable',
  );
  if (group.messageModel === 'BROADCASTING') {
    report(
      having.filter(({ config }) => config?.consumeBroadcastEnable === false),
      'consumeBroadcastEnable',
      '--broadcast',
    );
  }
  return findings;
}

/** Topics that may not be read at a broker, by anybody or by this group. */
function permissions(group: GroupEvidence): Finding[] {
  return group.topics.flatMap(({ topic, brokers, forbiddenOn }): Finding[] => {
    const unreadable = brokers.filter(({ perm }) => !isReadable(perm));
    const findings: Finding[] = [];
    if (unreadable.length > 0) {
      findings.push({
        rule: 'permission',
        severity: 'problem',
        impact: 'stuck',
        title: `${topic} may not be read on ${counted(unreadable.length, 'broker')} of ${brokers.length}`,
        evidence: unreadable.map((broker) => `${at(broker)}: permission ${permText(broker.perm)} (${broker.perm})`),
        queues: [],
        clients: [],
        next: [
          ...unreadable.map(({ addr }) => ({
            command: `mqadmin topic set-perm ${shellWord(topic)} 6 -b ${addr}`,
            why: 'let it be read and written again',
          })),
          {
            command: `mqadmin broker get-config -b ${unreadable[0]?.addr}`,
            why: 'brokerPermission holds for all topics of a broker',
          },
        ],
      });
    }
    if (forbiddenOn.length > 0) {
      findings.push({
        rule: 'permission',
        severity: 'problem',
        impact: 'stuck',
        title: `the group is forbidden to read ${topic} on ${forbiddenOn.join(', ')}`,
        evidence: forbiddenOn.map((brokerName) => `${brokerName}: its table of forbidden groups lists it`),
        queues: [],
        clients: [],
        next: [{ command: `mqadmin consumer get-config ${shellWord(group.consumerGroup)}`, why: 'see its settings' }],
      });
    }
    return findings;
  });
}

/** Topics without a route: deleted, never created, or their brokers have gone. */
function unrouted(group: GroupEvidence): Finding[] {
  return group.topics
    .filter(({ isRouted }) => !isRouted)
    .map(({ topic }) => ({
      rule: 'no-route',
      severity: 'problem',
      impact: 'stuck',
      title: `the name server knows no broker that has ${topic}`,
      evidence: [`asked ${group.namesrvAddrs.join(', ')}`],
      queues: [],
      clients: [],
      next: [
        { command: 'mqadmin cluster list', why: 'see whether a broker is missing' },
        { command: `mqadmin topic create ${shellWord(topic)}`, why: 'create it, when it was never there' },
      ],
    }));
}
