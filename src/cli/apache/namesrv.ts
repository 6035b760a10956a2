import type { PropertyTable } from '../../admin/broker-info.js';
import { type ApacheCommand, type ApacheContext, needed, partialExit } from './command.js';
import { required } from './option.js';
import { propertyLines } from './property-lines.js';

/** Source: tools/command/namesrv/GetNamesrvConfigCommand.java */
const getNamesrvConfig: ApacheCommand = {
  name: 'getNamesrvConfig',
  options: [],
  async run(context) {
    const { namesrvConfig } = await import('../../admin/broker-info.js');
    const result = await namesrvConfig(await context.connect());
    for (const server of result.servers) await propertyLines(context, server.addr, server satisfies PropertyTable);
    return partialExit(context, result);
  },
};

/** Source: tools/command/namesrv/UpdateNamesrvConfigCommand.java */
const updateNamesrvConfig: ApacheCommand = {
  name: 'updateNamesrvConfig',
  writes: true,
  options: [required('k', 'key', 'configuration key to set'), required('v', 'value', 'value stored under that key')],
  async run(context) {
    const { updateNamesrvConfig: update } = await import('../../admin/config-write.js');
    const { flags } = context;
    const [key, value] = [needed(flags, 'k').trim(), needed(flags, 'v').trim()];
    const result = await update(await context.connect(), { properties: { [key]: value } });
    const servers = flags.value('n');
    const list = servers === null ? '' : `[${servers.trim().split(';').join(', ')}]`;
    await context.line(`update name server config success!${list}`);
    await context.line(`${key} : ${value}`);
    return partialExit(context, result);
  },
};

/** Source: tools/command/namesrv/UpdateKvConfigCommand.java */
const updateKvConfig: ApacheCommand = {
  name: 'updateKvConfig',
  writes: true,
  options: [
    required('s', 'namespace', 'KV namespace'),
    required('k', 'key', 'key inside the namespace'),
    required('v', 'value', 'value to store'),
  ],
  run: (context) =>
    writeKv(context, needed(context.flags, 'v').trim(), 'create or update kv config to namespace success.'),
};

/** Source: tools/command/namesrv/DeleteKvConfigCommand.java */
const deleteKvConfig: ApacheCommand = {
  name: 'deleteKvConfig',
  writes: true,
  options: [required('s', 'namespace', 'KV namespace'), required('k', 'key', 'key to remove')],
  run: (context) => writeKv(context, null, 'delete kv config from namespace success.'),
};

async function writeKv(context: ApacheContext, value: string | null, success: string): Promise<number> {
  const { writeKvConfig } = await import('../../admin/namesrv-write.js');
  const { flags } = context;
  const result = await writeKvConfig(await context.connect(), {
    namespace: needed(flags, 's').trim(),
    key: needed(flags, 'k').trim(),
    value,
  });
  if (result.complete) await context.line(success);
  return partialExit(context, result);
}

/** Source: tools/command/namesrv/WipeWritePermSubCommand.java */
const wipeWritePerm: ApacheCommand = {
  name: 'wipeWritePerm',
  writes: true,
  options: [required('b', 'brokerName', 'broker name that loses write permission')],
  run: (context) => changePerm(context, false),
};

/** Source: tools/command/namesrv/AddWritePermSubCommand.java */
const addWritePerm: ApacheCommand = {
  name: 'addWritePerm',
  writes: true,
  options: [required('b', 'brokerName', 'broker name that regains write permission')],
  run: (context) => changePerm(context, true),
};

async function changePerm(context: ApacheContext, writable: boolean): Promise<number> {
  const { changeWritePerm } = await import('../../admin/namesrv-write.js');
  const brokerName = needed(context.flags, 'b').trim();
  const result = await changeWritePerm(await context.connect(), { brokerName, writable });
  const start = `${writable ? 'add' : 'wipe'} write perm of broker[${brokerName}] in name server`;
  for (const { addr, topics } of result.namesrvs) await context.line(`${start}[${addr}] OK, ${topics}`);
  for (const { addr } of result.unreachable) await context.line(`${start}[${addr}] Failed`);
  return partialExit(context, result);
}

export const commands: readonly ApacheCommand[] = [
  getNamesrvConfig,
  updateNamesrvConfig,
  updateKvConfig,
  deleteKvConfig,
  wipeWritePerm,
  addWritePerm,
];
