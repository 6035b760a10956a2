/** Cold reads, controllers, containers and RocksDB: against brokers that offer them, and those that do not. */
import test from 'ava';
import getColdCtr from '../../src/commands/broker/get-cold-ctr.js';
import removeColdCtr from '../../src/commands/broker/remove-cold-ctr.js';
import addBroker from '../../src/commands/container/add-broker.js';
import cleanBrokerMetadata from '../../src/commands/controller/clean-broker-metadata.js';
import electMaster from '../../src/commands/controller/elect-master.js';
import getMetadata from '../../src/commands/controller/get-metadata.js';
import exportPopRecord from '../../src/commands/export/pop-record.js';
import syncStateSet from '../../src/commands/ha/sync-state-set.js';
import checkProgress from '../../src/commands/queue/check-rocksdb-progress.js';
import { encodeBrokerReplicasInfo, encodeCheckRocksdbCqWriteResult } from '../../src/protocol/bodies.js';
import { RequestCode } from '../../src/protocol/request-code.js';
import { ResponseCode } from '../../src/protocol/response-code.js';
import { BROKER_A, BROKER_B, clusterWire, type FakeWire, runApacheFake, runFake, tempFolder } from '../helper/cli.js';

const CONTROLLER = '10.0.0.9:9878';
const LEADER = '10.0.0.8:9878';

test('cold reads are shown broker by broker, times as text under the Apache name', async (t) => {
  const wire = clusterWire().on(RequestCode.GET_COLD_DATA_FLOW_CTR_INFO, (_request, addr) => ({
    body: Buffer.from(
      addr === BROKER_A ? '{"runtimeTable":{"g":{"coldAcc":1,"createTimeMills":0,"lastColdReadTimeMills":0}}}' : '',
    ),
  }));
  const { code, stdout } = await runApacheFake('getColdDataFlowCtrInfo -c c1', wire);
  t.is(code, 0);
  t.true(stdout.includes(` ============Master: ${BROKER_A}============\n{\n\t"runtimeTable":{`));
  t.regex(stdout, /"createTimeFormat":"19[67]\d-\d\d-\d\d \d\d:\d0:00",\n\t+"lastColdReadTimeFormat":"19[67]/);
  t.regex(stdout, new RegExp(`============My Master: ${BROKER_A}=====Slave: 10\\.0\\.0\\.4:10911============\n.*\n$`));
  t.true(stdout.includes(`Broker[${BROKER_B}] has no cold ctr table !\n`));
  const modern = JSON.parse((await runFake(getColdCtr, ['-b', BROKER_A, '--json'], wire)).stdout);
  t.is(modern.brokers[0].info.runtimeTable.g.createTimeMills, 0);
});

test('a limit of cold reads is set and taken away on masters', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG, () => ({}))
    .on(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG, () => ({}));
  t.is(
    (await runApacheFake('updateColdDataFlowCtrGroupConfig -c c1 -g pay -v 1024', wire)).stdout,
    [BROKER_B, BROKER_A].map((addr) => `updateColdDataFlowCtrGroupConfig success, ${addr}\n`).join(''),
  );
  t.is(String(wire.of(RequestCode.UPDATE_COLD_DATA_FLOW_CTR_CONFIG)[0]?.body).trim(), 'pay=1024');
  t.is((await runApacheFake(`updateColdDataFlowCtrGroupConfig -b ${BROKER_A} -g pay -v much`, wire)).code, 2);
  t.is((await runFake(removeColdCtr, ['pay', '-b', BROKER_A], wire)).code, 2);
  t.is((await runFake(removeColdCtr, ['pay', '-b', BROKER_A, '--yes'], wire)).code, 0);
  t.is(String(wire.of(RequestCode.REMOVE_COLD_DATA_FLOW_CTR_CONFIG)[0]?.body), 'pay');
});

test('reading ahead has two modes, and the remark of the broker is shown', async (t) => {
  const wire = clusterWire().on(RequestCode.SET_COMMITLOG_READ_MODE, () => ({ remark: ' set ok' }));
  t.is(
    (await runApacheFake(`setCommitLogReadAheadMode -b ${BROKER_A} -m 1`, wire)).stdout,
    ` ============${BROKER_A}============\ncommitLog set readAhead mode rstStr set ok\n`,
  );
  const wrong = await runApacheFake(`setCommitLogReadAheadMode -b ${BROKER_A} -m 2`, wire);
  t.deepEqual([wrong.code, wrong.stdout], [2, 'set the read mode error; 0 is default, 1 random read\n']);
});

/** A controller that names its leader; all else is for the leader. */
function controllerWire(): FakeWire {
  return clusterWire()
    .on(RequestCode.CONTROLLER_GET_METADATA_INFO, () => ({
      extFields: {
        group: 'g',
        controllerLeaderId: 'n0',
        controllerLeaderAddress: LEADER,
        isLeader: 'false',
        peers: 'n0-10.0.0.8:9877;n1-10.0.0.9:9877',
      },
    }))
    .on(RequestCode.CONTROLLER_ELECT_MASTER, () => ({
      extFields: { masterBrokerId: '2', masterAddress: BROKER_B, masterEpoch: '3', syncStateSetEpoch: '4' },
      body: Buffer.from('{"brokerMemberGroup":{"cluster":"c1","brokerName":"broker-a","brokerAddrs":{0:"a:1"}}}'),
    }))
    .on(RequestCode.CLEAN_BROKER_DATA, () => ({}))
    .on(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, () => {
      const replica = { brokerName: 'broker-a', brokerAddress: BROKER_A, alive: true };
      return {
        body: encodeBrokerReplicasInfo({
          replicasInfoTable: {
            'broker-a': {
              masterBrokerId: 1,
              masterAddress: BROKER_A,
              masterEpoch: 3,
              syncStateSetEpoch: 4,
              inSyncReplicas: [{ ...replica, brokerId: 1 }],
              notInSyncReplicas: [{ ...replica, brokerId: 2, alive: false }],
            },
          },
        }),
      };
    });
}

test('a controller tells of its quorum', async (t) => {
  t.is(
    (await runApacheFake(`getControllerMetaData -a ${CONTROLLER}`, controllerWire())).stdout,
    `\n#ControllerGroup\tg\n#ControllerLeaderId\tn0\n#ControllerLeaderAddress\t${LEADER}` +
      '\n#Peer:\tn0-10.0.0.8:9877\n#Peer:\tn1-10.0.0.9:9877\n',
  );
  const modern = await runFake(getMetadata, [CONTROLLER, '--json'], controllerWire());
  t.like(JSON.parse(modern.stdout), { leaderAddr: LEADER, isLeader: false });
});

test('elections go to the leader, after a yes', async (t) => {
  const wire = controllerWire();
  const argv = ['broker-a', '2', '-c', 'c1', '-a', CONTROLLER];
  t.is((await runFake(electMaster, argv, wire)).code, 2);
  t.is((await runFake(electMaster, [...argv, '--yes'], wire)).code, 0);
  t.like(wire.of(RequestCode.CONTROLLER_ELECT_MASTER)[0], { addr: LEADER });
  t.is(
    (await runApacheFake(`electMaster -a ${CONTROLLER} -b 2 -bn broker-a -c c1`, wire)).stdout,
    `\n#ClusterName\tc1\n#BrokerName\tbroker-a\n#BrokerMasterAddr\t${BROKER_B}\n#MasterEpoch\t3` +
      '\n#SyncStateSetEpoch\t4\n\t#Broker\t0\ta:1\n',
  );
});

test('a controller forgets brokers that are named by number', async (t) => {
  const wire = controllerWire();
  t.is(
    (await runApacheFake(`cleanBrokerMetadata -a ${CONTROLLER} -bn broker-a -c c1 -b 1;2`, wire)).stdout,
    'clear broker broker-a metadata from controller success! \n',
  );
  t.like(wire.of(RequestCode.CLEAN_BROKER_DATA)[0]?.fields, { brokerControllerIdsToClean: '1;2' });
  t.is((await runApacheFake(`cleanBrokerMetadata -a ${CONTROLLER} -bn broker-a`, wire)).code, 2);
  t.is((await runApacheFake(`cleanBrokerMetadata -a ${CONTROLLER} -bn broker-a -l -b x`, wire)).code, 2);
  const argv = ['broker-a', '-l', '-a', CONTROLLER, '--yes', '--json'];
  t.deepEqual(JSON.parse((await runFake(cleanBrokerMetadata, argv, wire)).stdout), {
    brokerName: 'broker-a',
    brokerIds: null,
  });
});

test('the sync state set of a broker is shown replica by replica', async (t) => {
  const { stdout } = await runApacheFake(`getSyncStateSet -a ${CONTROLLER};x:1 -b broker-a`, controllerWire());
  const replica = (id: number, alive: boolean) =>
    `ReplicaIdentity{brokerName='broker-a', brokerId=${id}, brokerAddress='${BROKER_A}', alive=${alive}}`;
  t.is(
    stdout,
    `\n#brokerName\tbroker-a\n#MasterBrokerId\t1\n#MasterAddr\t${BROKER_A}\n#MasterEpoch\t3\n#SyncStateSetEpoch\t4` +
      `\n#SyncStateSetNums\t1\n\nInSyncReplica:\t${replica(1, true)}\n\nNotInSyncReplica:\t${replica(2, false)}\n`,
  );
  const csv = await runFake(syncStateSet, ['-a', CONTROLLER, '-c', 'c1', '--output', 'csv'], controllerWire());
  t.regex(csv.stdout, /broker-a,2,10\.0\.0\.2:10911,slave,false,false,3/);
});

test('controllers take properties one by one, and are read back', async (t) => {
  const config = new Map([['scanNotActiveBrokerInterval', '5000']]);
  const wire = clusterWire()
    .on(RequestCode.GET_CONTROLLER_CONFIG, () => ({
      body: Buffer.from([...config].map(([key, value]) => `${key}=${value}\n`).join('')),
    }))
    .on(RequestCode.UPDATE_CONTROLLER_CONFIG, ({ body }) => {
      const [key = '', value = ''] = String(body).trim().split('=');
      if (config.has(key)) config.set(key, value);
      return {};
    });
  const line = `updateControllerConfig -a ${CONTROLLER} -k scanNotActiveBrokerInterval -v 9`;
  t.is(
    (await runApacheFake(line, wire)).stdout,
    `update controller config success![${CONTROLLER}]\nscanNotActiveBrokerInterval : 9\n`,
  );
  t.is((await runApacheFake(`updateControllerConfig -a ${CONTROLLER} -k nonsense -v 9`, wire)).code, 1);
  const shown = await runApacheFake(`getControllerConfig -a ${CONTROLLER}`, wire);
  t.is(shown.stdout, `============${CONTROLLER}============\n${'scanNotActiveBrokerInterval'.padEnd(50)}=  9\n`);
});

test('servers that do not offer it are named, with what they lack', async (t) => {
  for (const [line, what, addr = BROKER_A] of [
    [`getControllerMetaData -a ${BROKER_A}`, 'a controller'],
    [`addBroker -c ${BROKER_A} -b /x.conf`, 'a broker container'],
    [`removeBroker -c ${BROKER_A} -b c1:broker-a:0`, 'a broker container'],
    [`rocksDBConfigToJson -b ${BROKER_A}`, 'tables in RocksDB'],
    [`checkRocksdbCqWriteProgress -c c1`, 'consume queues in RocksDB', BROKER_B],
    [`getColdDataFlowCtrInfo -b ${BROKER_A}`, 'the control of cold reads'],
  ] as const) {
    const { code, stderr } = await runApacheFake(line);
    t.is(code, 1, line);
    t.true(stderr.includes(`${addr} does not offer ${what}`), stderr);
  }
  t.is((await runFake(addBroker, ['/x.conf', '-c', BROKER_A])).code, 1);
});

test('a container is told brokers by file and by identity', async (t) => {
  const wire = clusterWire()
    .on(RequestCode.ADD_BROKER, () => ({}))
    .on(RequestCode.REMOVE_BROKER, () => ({}));
  t.is(
    (await runApacheFake('addBroker -c 10.0.0.7:10811 -b /b.conf', wire)).stdout,
    'add broker to 10.0.0.7:10811 success\n',
  );
  t.is(wire.of(RequestCode.ADD_BROKER)[0]?.fields.configPath, '/b.conf');
  t.is(
    (await runApacheFake('removeBroker -c 10.0.0.7:10811 -b c1:broker-b:0', wire)).stdout,
    'remove broker from 10.0.0.7:10811 success\n',
  );
  t.like(wire.of(RequestCode.REMOVE_BROKER)[0]?.fields, { brokerClusterName: 'c1', brokerId: '0' });
  for (const identity of ['c1:broker-b', 'c1:broker-b:x', 'c1:broker-b:-1']) {
    t.is((await runApacheFake(`removeBroker -c 10.0.0.7:10811 -b ${identity}`, wire)).code, 2, identity);
  }
});

test('exportPopRecord tells nobody with -d true, and names who failed', async (t) => {
  const wire = clusterWire().on(RequestCode.POP_ROLLBACK, (_request, addr) =>
    addr === BROKER_B ? { code: ResponseCode.SYSTEM_ERROR, remark: 'no' } : {},
  );
  const dry = await runApacheFake('exportPopRecord -c c1 -d true', wire);
  t.is(dry.stdout.split('\n').length, 4);
  t.deepEqual(wire.of(RequestCode.POP_ROLLBACK), []);
  const { code, stdout } = await runApacheFake('exportPopRecord -c c1', wire);
  t.is(code, 7);
  t.true(stdout.endsWith(`Export broker records error, brokerName=broker-b, brokerAddr=${BROKER_B}, dryRun=false\n`));
  t.is((await runFake(exportPopRecord, ['-c', 'c1'], wire)).code, 2);
});

test('RocksDB folders are not read here, and the reason is said', async (t) => {
  const folder = await tempFolder(t);
  const local = await runApacheFake(`exportMetadataInRocksDB -p ${folder} -t topics`);
  t.is(local.code, 1);
  t.regex(local.stderr, /has no RocksDB to read it with/);
  const missing = await runApacheFake(`exportMetadataInRocksDB -p ${folder}/no -t topics`);
  t.deepEqual([missing.code, missing.stdout], [3, 'RocksDB path is invalid.\n']);
  t.is((await runApacheFake(`exportMetadataInRocksDB -p ${folder} -t users`)).code, 2);
  const wire = clusterWire().on(RequestCode.CHECK_ROCKSDB_CQ_WRITE_PROGRESS, () => ({
    body: encodeCheckRocksdbCqWriteResult({ checkResult: 'bad', checkStatus: 3 }),
  }));
  const progress = await runFake(checkProgress, ['-c', 'c1', '--json'], wire);
  t.is(progress.code, 1);
  t.like(JSON.parse(progress.stdout).brokers[0], { status: 'error', result: 'bad' });
});
