import { EventEmitter } from 'node:events';
import { frameDiff } from './frame-diff.js';

const ESC = '\u001B';
const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l`;
const LEAVE = `${ESC}[?7h${ESC}[?25h${ESC}[0m${ESC}[?1049l`;

/** The part of a terminal's stream that the screen needs. */
export interface TerminalStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/**
 * The alternate screen of a terminal, and the stream that Ink draws its frames to: every frame comes whole, and only
 * what differs from the last one is written. `leave` may be called at any time, again, and at the end of the process.
 */
export class FullScreen extends EventEmitter {
  readonly #stream: TerminalStream;
  #shown: readonly string[] | null = null;
  #latest: readonly string[] = [];
  #isEntered = false;
  /** Ink must not take it for a terminal that it may send sequences of its own. */
  readonly isTTY = false;

  constructor(stream: TerminalStream) {
    super();
    this.#stream = stream;
  }

  get columns(): number {
    return this.#stream.columns || 80;
  }

  get rows(): number {
    return this.#stream.rows || 24;
  }

  /** Shows the alternate screen, with what was drawn last. */
  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#stream.write(ENTER);
    this.redraw();
  }

  /** Gives the terminal back as it was. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#stream.write(LEAVE);
  }

  /** Draws the last frame anew, whatever is on the screen. */
  redraw(): void {
    this.#shown = null;
    this.#draw();
  }

  /** Takes a frame from Ink: lines with an LF between them. */
  write(frame: string): boolean {
    this.#latest = frame.split('\n');
    this.#draw();
    return true;
  }

  /** Sends a sequence that draws nothing. */
  send(sequence: string): void {
    if (this.#isEntered) this.#stream.write(sequence);
  }

  #draw(): void {
    if (!this.#isEntered) return;
    const lines = this.#latest.slice(0, this.rows);
    const text = frameDiff(this.#shown, lines);
    this.#shown = lines;
    if (text !== '') this.#stream.write(text);
  }
}
