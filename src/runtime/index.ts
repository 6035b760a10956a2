/**
 * Process life for servers, as the commands `up`, `sandbox`, `namesrv start` and `broker start` use it: start
 * functions resolve when clients can be served and return a handle with addresses and `shutdown()`.
 */
export type { Fault, FaultKind, FaultRequest, FaultTarget } from '../broker/faults.js';
export { dataFolder } from './data-folder.js';
export { ListenError, PortInUseError } from './listen-error.js';
export { PropertiesFileError, readPropertiesFile } from './properties-file.js';
export { type RunInSandboxOptions, runInSandbox, type SandboxRun } from './run-in-sandbox.js';
export { type Sandbox, type SandboxOptions, type SandboxTopic, startSandbox } from './sandbox.js';
export { askSandbox, type ControlAnswer, type ControlRequest } from './sandbox-control.js';
export type { BrokerFault, FaultSelection, SandboxFaults } from './sandbox-faults.js';
export { createServerLogger, type LogLevel, type ServerLogger, type ServerLoggerOptions } from './server-logger.js';
export { type EndSignal, type SignalHandling, shutdownOnSignal, signalExitCode } from './signals.js';
export { type RunningBroker, type StartBrokerOptions, startBroker } from './start-broker.js';
export { type RunningNamesrv, type StartNamesrvOptions, startNamesrv } from './start-namesrv.js';
export { type RunningCluster, type StartUpOptions, startUp } from './start-up.js';
