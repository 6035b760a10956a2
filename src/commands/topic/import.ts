import { importCommand } from '../../cli/import-command.js';

export default importCommand({
  kind: 'topic',
  id: 'topic import',
  things: 'topics',
  sample: '[{"topicName": "orders", "readQueueNums": 4, "writeQueueNums": 4}]',
});
