/** One flag of an Apache subcommand, as commons-cli declares it. */
export interface ApacheOption {
  /** The letter; null when there is only a long name. */
  readonly short: string | null;
  readonly long: string;
  /** Takes a value. */
  readonly arg: boolean;
  readonly required?: boolean;
  /** Flags of one group exclude each other; `groupRequired`: exactly one must be given. */
  readonly group?: string;
  readonly groupRequired?: boolean;
  readonly description: string;
}

/** What identifies a flag: its letter, or its long name without one. Two flags may share a letter (`resetOffsetByTime -c`). */
export const optionKey = (option: ApacheOption): string => option.short ?? option.long;

/** A flag with a value that may be left out. */
export const optional = (short: string | null, long: string, description: string): ApacheOption => ({
  short,
  long,
  arg: true,
  description,
});

/** A flag with a value that must be given. */
export const required = (short: string, long: string, description: string): ApacheOption => ({
  short,
  long,
  arg: true,
  required: true,
  description,
});

/** A flag without a value. */
export const toggle = (short: string, long: string, description: string): ApacheOption => ({
  short,
  long,
  arg: false,
  description,
});

/** Flags of which exactly one must be given. */
export const exactlyOne = (...options: readonly ApacheOption[]): ApacheOption[] => {
  const group = options.map(optionKey).join('|');
  return options.map((option) => ({ ...option, group, groupRequired: true }));
};

/** Flags of every subcommand. */
export const COMMON_OPTIONS: readonly ApacheOption[] = [
  toggle('h', 'help', 'print this help'),
  optional('n', 'namesrvAddr', 'name server addresses, host:port;host:port'),
];
