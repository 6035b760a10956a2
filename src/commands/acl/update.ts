import { aclRuleCommand } from '../../cli/acl-rule-command.js';

export default aclRuleCommand('update', 'change rules of a user');
