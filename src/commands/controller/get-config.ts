import { defineCommand } from '../../cli/command.js';
import { CONTROLLERS_ARG } from '../../cli/controller-flags.js';
import { partialOutcome } from '../../cli/partial.js';
import { propertiesView } from '../../cli/properties-view.js';

export default defineCommand({
  summary: 'show the configuration of controllers (5.x)',
  examples: [{ description: 'Of two', command: "mqadmin controller get-config '10.0.0.1:9878;10.0.0.2:9878'" }],
  args: CONTROLLERS_ARG,
  exits: [7],
  async run({ args, connect }) {
    const { controllerAddresses, controllerConfig } = await import('../../admin/controller.js');
    const result = await controllerConfig(await connect(), controllerAddresses(args.controllers));
    return { ...partialOutcome(result), view: propertiesView(result) };
  },
});
