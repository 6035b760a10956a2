import { upkeepCommand } from '../../cli/upkeep-command.js';

export default upkeepCommand({
  id: 'broker clean-unused-topics',
  task: 'unused-topics',
  summary: 'delete the stored queues of topics that no longer exist, now',
  description: 'Topics that have a configuration stay, however seldom they are used.',
  what: 'delete the queues of unknown topics',
});
