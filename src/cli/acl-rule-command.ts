import { changedOutcome, namesOf } from './access-view.js';
import { defineCommand } from './command.js';
import { arg, flag } from './flags.js';
import { TARGET_FLAGS, targetOrOnlyCluster } from './target.js';
import { UsageError } from './usage-error.js';

/** `acl create` and `acl update`: brokers tell them apart, what they take is the same. */
export function aclRuleCommand(verb: 'create' | 'update', summary: string) {
  return defineCommand({
    summary,
    description:
      'One rule a resource; a rule that is there for the same resource is replaced. With a cluster all its brokers are ' +
      'told, slaves too.',
    examples: [
      {
        description: 'Let alice send to orders',
        command: `mqadmin acl ${verb} User:alice --resource Topic:orders --action Pub --decision Allow`,
      },
    ],
    args: { subject: arg.required('whose rules, User:NAME', { flag: { name: 'subject', char: 's' } }) },
    flags: {
      ...TARGET_FLAGS,
      resource: flag.strings({
        description: 'Topic:NAME, Group:PREFIX*, Cluster:*, or *; may be repeated',
        helpValue: '<resource>',
      }),
      action: flag.strings({
        description: 'All, Pub, Sub, Create, Update, Delete, Get, List; may be repeated',
        helpValue: '<action>',
      }),
      decision: flag.oneOf(['Allow', 'Deny'], {
        description: 'what becomes of a request (default Allow)',
        helpValue: '<decision>',
      }),
      'source-ip': flag.strings({
        description: 'only from this address or range; may be repeated',
        helpValue: '<cidr>',
      }),
    },
    writes: true,
    exits: [3, 4, 7],
    async run({ args: { subject }, flags, connect, confirm }) {
      const [resources, actions, sourceIps] = [flags.resource, flags.action, flags['source-ip']].map(namesOf) as [
        string[],
        string[],
        string[],
      ];
      if (resources.length === 0 || actions.length === 0) throw new UsageError('--resource and --action are required');
      const decision = flags.decision ?? 'Allow';
      const { aclOf, changeAccess } = await import('../admin/access.js');
      const what = `${decision.toLowerCase()} ${subject} ${actions.join(', ')} on ${resources.join(', ')}`;
      await confirm({ what });
      const acl = aclOf(subject, resources, { actions, decision, ...(sourceIps.length > 0 && { sourceIps }) });
      const session = await connect();
      const result = await changeAccess(session, await targetOrOnlyCluster(session, flags), (api, addr, call) =>
        verb === 'create' ? api.createAcl(addr, acl, call()) : api.updateAcl(addr, acl, call()),
      );
      return changedOutcome(result, what, subject);
    },
  });
}
