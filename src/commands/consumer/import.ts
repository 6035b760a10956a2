import { importCommand } from '../../cli/import-command.js';

export default importCommand({
  kind: 'group',
  id: 'consumer import',
  things: 'groups',
  sample: '[{"groupName": "settlement", "retryMaxTimes": 3}]',
});
