import type { Sandbox, SandboxOptions } from './runtime/sandbox.js';

/**
 * Starts a name server and brokers of their own on free loopback ports with a temporary folder, for tests. Resolves
 * when a message was produced and pulled on every broker, and topics, groups and messages asked for are there; a failed
 * start leaves nothing behind.
 *
 *     const sandbox = await startSandbox({ topics: ['orders'], groups: ['settlement'], timeScale: 1000 });
 *     try { await test(sandbox.namesrvAddr); } finally { await sandbox.stop(); }
 *
 * @throws MQError: USAGE for a bad option, CONFIG for a bad property, MQ_BROKER when a topic or group is refused,
 *   REMOTING_TIMEOUT when not ready in time
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  // The servers are loaded only by those who start them.
  const { startSandbox: start } = await import('./runtime/sandbox.js');
  return start(options);
}
