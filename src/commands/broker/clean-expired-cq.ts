import { upkeepCommand } from '../../cli/upkeep-command.js';

export default upkeepCommand({
  id: 'broker clean-expired-cq',
  task: 'expired-consume-queues',
  summary: 'delete consume queue files without messages behind them, now',
  description: 'Brokers do this by themselves from time to time; messages are not touched.',
  what: 'delete expired consume queue files',
});
