import { defineCommand } from '../../cli/command.js';
import { arg } from '../../cli/flags.js';

export default defineCommand({
  summary: 'show the quorum of a controller, and its leader (5.x)',
  examples: [{ description: 'As one of them sees it', command: 'mqadmin controller get-metadata 10.0.0.1:9878' }],
  args: {
    controller: arg.required('address of a controller, host:port', { flag: { name: 'controllerAddress', char: 'a' } }),
  },
  watch: true,
  async run({ args, connect }) {
    const { controllerMetadata } = await import('../../admin/controller.js');
    const said = await controllerMetadata(await connect(), args.controller);
    return {
      view: {
        kind: 'record',
        doc: said,
        fields: [
          ['Controller', said.controllerAddr],
          ['Group', said.group],
          ['Leader', said.leaderId],
          ['Leader address', said.leaderAddr],
          ['Is leader', said.isLeader],
          ['Peers', said.peers.join(', ')],
        ],
        name: said.leaderAddr ?? said.controllerAddr,
      },
    };
  },
});
