import type { ApacheContext } from './command.js';
import { left } from './java-text.js';

/** The configuration of a server under a heading, sorted by name. Source: tools/command/broker/GetBrokerConfigCommand.java */
export async function propertyLines(
  context: ApacheContext,
  heading: string,
  server: { readonly addr: string; readonly properties: Readonly<Record<string, string>> },
): Promise<void> {
  await context.line(`============${heading}============`);
  const keys = Object.keys(server.properties).sort();
  if (keys.length === 0) await context.line(`Broker[${server.addr}] has no config property!`);
  for (const key of keys) await context.line(`${left(key, 50)}=  ${server.properties[key]}`);
}
