import { aclRuleCommand } from '../../cli/acl-rule-command.js';

export default aclRuleCommand('create', 'allow or deny a user something');
