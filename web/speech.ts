/** What is said aloud: one polite region, at most one message in ten seconds of the page's own, the newest wins. */
const QUIET_MS = 10_000;
let saidAt = Number.NEGATIVE_INFINITY;
let pending: ReturnType<typeof setTimeout> | undefined;

/** Says something when its turn comes; at once when it answers what a person just did. */
export function say(text: string, answer = false): void {
  clearTimeout(pending);
  const wait = answer ? 0 : Math.max(0, saidAt + QUIET_MS - performance.now());
  pending = setTimeout(() => {
    saidAt = performance.now();
    document.getElementById('spoken')!.textContent = text;
  }, wait);
}
