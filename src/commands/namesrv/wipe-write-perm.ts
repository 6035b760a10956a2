import { writePermCommand } from '../../cli/write-perm-command.js';

export default writePermCommand(false);
