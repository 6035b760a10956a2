import { access, copyFile, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder; there the rename alone has to do.
  const handle = await open(path, 'r').catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync();
  } catch {
    // Some file systems refuse to sync a folder.
  } finally {
    await handle.close();
  }
}

/**
 * Replaces a text file so that a crash leaves either the old or the new content: the text goes to
 * `<path>.tmp`, is synced and renamed. The former content is kept in `<path>.bak`. Missing folders are made.
 *
 * One writer at a time per path: ConfigFile sees to that.
 *
 * @param mode permission bits, less the umask
 * @throws the file system's error; `path` is then unchanged
 */
export async function replaceFile(path: string, text: string, mode = 0o666): Promise<void> {
  const folder = dirname(path);
  const temporary = `${path}.tmp`;
  await mkdir(folder, { recursive: true });
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(text, 'utf8');
      await handle.datasync();
    } finally {
      await handle.close();
    }
    try {
      await copyFile(path, `${path}.bak`);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** A file that does not parse, for which there was something else to begin with. */
export interface BrokenFile {
  path: string;
  /** Where its content is now: the next save would write over it. */
  keptAs: string;
  /** What was taken instead; `nothing` if there was no backup. */
  instead: 'backup' | 'nothing';
  /** What `parse` threw. */
  error: unknown;
}

/** Moves a file to `<path>.broken`, or with a number behind that if one is there already; returns the new path. */
async function moveAside(path: string): Promise<string> {
  const isThere = (name: string) =>
    access(name).then(
      () => true,
      (error: unknown) => !isMissing(error),
    );
  let kept = `${path}.broken`;
  for (let number = 2; await isThere(kept); number++) kept = `${path}.broken.${number}`;
  await rename(path, kept);
  await syncFolder(dirname(path));
  return kept;
}

/**
 * One configuration file with one writer. Saves that arrive while a write is under way are merged: only
 * the newest text is written, and every caller's promise covers its own text or a newer one.
 *
 * Source: common/ConfigManager.java and common/MixAll.java#string2File, whose `.bak` rule this keeps.
 */
export class ConfigFile {
  readonly path: string;
  readonly #mode: number | undefined;
  #running: Promise<void> | null = null;
  #next: { text: string; done: Promise<void> } | null = null;

  /** @param mode permission bits of the file, less the umask */
  constructor(path: string, mode?: number) {
    this.path = path;
    this.#mode = mode;
  }

  /**
   * Reads and parses the file, or its `.bak` when the file is missing, empty or does not parse.
   *
   * @param onBroken with it a file that does not parse is moved aside and told of, and counts as missing when there is
   *   no backup, as in Apache, whose next save writes over it
   * @returns null when neither file exists
   * @throws what `parse` threw for the file itself, when the backup is no better
   */
  async load<T>(parse: (text: string) => T, onBroken?: (broken: BrokenFile) => void): Promise<T | null> {
    const text = await readText(this.path);
    let failure: { error: unknown } | null = null;
    if (text !== null && text.trim() !== '') {
      try {
        return parse(text);
      } catch (error) {
        failure = { error };
      }
    }
    const backup = await readText(`${this.path}.bak`);
    let parsed: T | null = null;
    const hasBackup = backup !== null && backup.trim() !== '';
    if (hasBackup) {
      try {
        parsed = parse(backup);
      } catch (error) {
        throw (failure ?? { error }).error;
      }
    }
    if (!failure) return parsed;
    const { error } = failure;
    if (onBroken) {
      const keptAs = await moveAside(this.path);
      onBroken({ path: this.path, keptAs, instead: hasBackup ? 'backup' : 'nothing', error });
    } else if (!hasBackup) throw error;
    return parsed;
  }

  /** Resolves when `text`, or a newer one, is on disk. @throws the file system's error */
  save(text: string): Promise<void> {
    if (this.#next) {
      this.#next.text = text;
      return this.#next.done;
    }
    if (!this.#running) return this.#start(text);
    const next = { text, done: Promise.resolve() };
    next.done = this.#running.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    this.#next = next;
    return next.done;
  }

  /** Resolves when no write is under way or waiting, whatever came of them. */
  async flushed(): Promise<void> {
    for (;;) {
      const pending = this.#next?.done ?? this.#running;
      if (pending === null) return;
      await pending.catch(() => undefined);
    }
  }

  #startNext(): Promise<void> {
    const text = this.#next?.text ?? '';
    this.#next = null;
    return this.#start(text);
  }

  #start(text: string): Promise<void> {
    const running = replaceFile(this.path, text, this.#mode).finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}
