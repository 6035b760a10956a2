import type { ReplicaIdentity } from '../../protocol/bodies.js';
import { brokerIds } from '../controller-flags.js';
import { UsageError } from '../usage-error.js';
import { type ApacheCommand, integerFlag, missingTarget, needed, partialExit, unknownCluster } from './command.js';
import { optional, required, toggle } from './option.js';
import { propertyLines } from './property-lines.js';
import { INTERVAL, repeated } from './repeat.js';

const ONE = required('a', 'controllerAddress', 'host:port of the controller');
const LIST = required('a', 'controllerAddress', 'controllers, separated by ;');

/** Source: tools/command/controller/GetControllerMetaDataSubCommand.java */
const getControllerMetaData: ApacheCommand = {
  name: 'getControllerMetaData',
  options: [ONE],
  async run(context) {
    const { controllerMetadata } = await import('../../admin/controller.js');
    const said = await controllerMetadata(await context.connect(), needed(context.flags, 'a'));
    await context.print(
      `\n#ControllerGroup\t${said.group}\n#ControllerLeaderId\t${said.leaderId}\n#ControllerLeaderAddress\t${said.leaderAddr}` +
        `${said.peers.map((peer) => `\n#Peer:\t${peer}`).join('')}\n`,
    );
    return undefined;
  },
};

/** Source: tools/command/controller/GetControllerConfigSubCommand.java */
const getControllerConfig: ApacheCommand = {
  name: 'getControllerConfig',
  options: [LIST],
  async run(context) {
    const { controllerAddresses, controllerConfig } = await import('../../admin/controller.js');
    const addrs = controllerAddresses(needed(context.flags, 'a'));
    const result = await controllerConfig(await context.connect(), addrs);
    for (const server of result.servers) await propertyLines(context, server.addr, server);
    return partialExit(context, result);
  },
};

/** Source: tools/command/controller/UpdateControllerConfigSubCommand.java */
const updateControllerConfig: ApacheCommand = {
  name: 'updateControllerConfig',
  writes: true,
  options: [
    LIST,
    required('k', 'key', 'configuration key to set'),
    required('v', 'value', 'value stored under that key'),
  ],
  async run(context) {
    const { flags } = context;
    const admin = await import('../../admin/controller.js');
    const addrs = admin.controllerAddresses(needed(flags, 'a'));
    const [key, value] = [needed(flags, 'k'), needed(flags, 'v')];
    const request = { addrs, properties: { [key]: value } };
    const result = await admin.updateControllerConfig(await context.connect(), request);
    await context.print(`update controller config success![${addrs.join(', ')}]\n${key} : ${value}\n`);
    return partialExit(context, result);
  },
};

/** Source: tools/command/controller/ReElectMasterSubCommand.java */
const electMaster: ApacheCommand = {
  name: 'electMaster',
  writes: true,
  options: [
    ONE,
    required('b', 'brokerId', 'broker id that should become master'),
    required('bn', 'brokerName', 'broker name of the replica group'),
    required('c', 'clusterName', 'cluster of the replica group'),
  ],
  async run(context) {
    const { flags } = context;
    const { electMaster: elect } = await import('../../admin/controller.js');
    const election = await elect(await context.connect(), {
      controllerAddr: needed(flags, 'a'),
      clusterName: needed(flags, 'c'),
      brokerName: needed(flags, 'bn'),
      brokerId: integerFlag(flags, 'b', 0),
    });
    await context.print(
      `\n#ClusterName\t${election.clusterName}\n#BrokerName\t${election.brokerName}` +
        `\n#BrokerMasterAddr\t${election.masterAddr}\n#MasterEpoch\t${election.masterEpoch}` +
        `\n#SyncStateSetEpoch\t${election.syncStateSetEpoch}\n`,
    );
    for (const [id, addr] of Object.entries(election.brokerAddrs)) await context.print(`\t#Broker\t${id}\t${addr}\n`);
    return undefined;
  },
};

/** Ids that are no numbers are refused, which Apache's command means to do. Source: tools/command/controller/CleanControllerBrokerMetaSubCommand.java */
const cleanBrokerMetadata: ApacheCommand = {
  name: 'cleanBrokerMetadata',
  writes: true,
  options: [
    ONE,
    optional('b', 'brokerControllerIdsToClean', 'controller-side broker ids, separated by ;'),
    required('bn', 'brokerName', 'broker name of the replica group'),
    optional('c', 'clusterName', 'cluster of the replica group, needed without -l'),
    toggle('l', 'cleanLivingBroker', 'also clean brokers that are alive'),
  ],
  async run(context) {
    const { flags } = context;
    const isLivingToo = flags.has('l');
    const clusterName = flags.value('c');
    if (!isLivingToo && clusterName === null)
      throw new UsageError('cleanLivingBroker option is false, clusterName option can not be empty.');
    const ids = flags.value('b');
    const brokerName = needed(flags, 'bn');
    const { cleanBrokerMetadata: clean } = await import('../../admin/controller.js');
    await clean(await context.connect(), {
      controllerAddr: needed(flags, 'a'),
      clusterName,
      brokerName,
      brokerIds: ids === null ? null : brokerIds(ids, '-b'),
      isLivingToo,
    });
    await context.line(`clear broker ${brokerName} metadata from controller success! `);
    return undefined;
  },
};

/** Source: remoting/protocol/body/BrokerReplicasInfo.java#ReplicaIdentity */
const replicaText = ({ brokerName, brokerId, brokerAddress, alive }: ReplicaIdentity): string =>
  `ReplicaIdentity{brokerName='${brokerName}', brokerId=${brokerId}, brokerAddress='${brokerAddress}', alive=${alive}}`;

/** Source: tools/command/ha/GetSyncStateSetSubCommand.java */
const getSyncStateSet: ApacheCommand = {
  name: 'getSyncStateSet',
  options: [
    required('a', 'controllerAddress', 'controller list, only the first entry is used'),
    optional('c', 'clusterName', 'cluster whose broker names are asked for'),
    optional('b', 'brokerName', 'one broker name, wins over -c'),
    INTERVAL,
  ],
  async run(context) {
    const { flags } = context;
    const [brokerName, clusterName] = [flags.value('b'), flags.value('c')];
    if (brokerName === null && clusterName === null) return missingTarget(context);
    const { controllerAddresses, syncStates } = await import('../../admin/controller.js');
    const controllerAddr = controllerAddresses(needed(flags, 'a'))[0] as string;
    const session = await context.connect();
    return repeated(context, async () => {
      const query = brokerName === null ? { clusterName: clusterName as string } : { brokerName };
      const { sets } = await syncStates(session, { controllerAddr, ...query }).catch((error: unknown) => {
        throw brokerName === null ? unknownCluster(error) : error;
      });
      for (const set of sets) {
        await context.print(
          `\n#brokerName\t${set.brokerName}\n#MasterBrokerId\t${set.masterBrokerId}\n#MasterAddr\t${set.masterAddr}` +
            `\n#MasterEpoch\t${set.masterEpoch}\n#SyncStateSetEpoch\t${set.syncStateSetEpoch}` +
            `\n#SyncStateSetNums\t${set.inSync.length}\n`,
        );
        for (const replica of set.inSync) await context.print(`\nInSyncReplica:\t${replicaText(replica)}\n`);
        for (const replica of set.notInSync) await context.print(`\nNotInSyncReplica:\t${replicaText(replica)}\n`);
      }
      return undefined;
    });
  },
};

export const commands: readonly ApacheCommand[] = [
  getControllerMetaData,
  getControllerConfig,
  updateControllerConfig,
  electMaster,
  cleanBrokerMetadata,
  getSyncStateSet,
];
