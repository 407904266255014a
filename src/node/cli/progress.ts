/** Milliseconds before anything is shown, and between lines where there is no terminal. */
const PATIENCE = 500;
const LINE_EVERY = 5000;

/**
 * How far a long piece of work has come, on stderr: a line that is written over on a terminal, else a line every few seconds.
 * Work that is done soon shows nothing.
 */
export function progress(what: string): { update: (done: number, total: number) => void; end: () => void } {
  const { stderr } = process;
  const every = stderr.isTTY ? 100 : LINE_EVERY;
  let next = performance.now() + (stderr.isTTY ? PATIENCE : LINE_EVERY);
  let shown = false;
  return {
    update(done, total) {
      const now = performance.now();
      if (now < next || total === 0) return;
      next = now + every;
      shown = true;
      const text = `${what} ${Math.floor((100 * done) / total)} %`;
      stderr.write(stderr.isTTY ? `\r${text}` : `${text}\n`);
    },
    end() {
      if (shown && stderr.isTTY) stderr.write('\r\x1b[K');
    },
  };
}
