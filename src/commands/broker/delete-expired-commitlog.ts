import { upkeepCommand } from '../../cli/upkeep-command.js';

export default upkeepCommand({
  id: 'broker delete-expired-commitlog',
  task: 'expired-commit-logs',
  summary: 'delete commit log files past their reserved time, now',
  description:
    'Brokers do this by themselves at the hour of deleteWhen. Messages older than fileReservedTime are gone afterwards.',
  what: 'delete expired commit log files',
});
