/** Subjects of NATS: words with dots between them; `*` stands for one word, `>` at the end for one or more. */

/** What is wrong with a subject, as what was expected; null: nothing. */
export function subjectFault(subject: string): string | null {
  const words = subject.split('.');
  if (/\s/.test(subject) || words.includes('')) return 'words with dots between them';
  if (words.some((word, i) => word !== '*' && /[*>]/.test(word) && !(word === '>' && i === words.length - 1)))
    return '* as a whole word, > as the last one';
  return null;
}

/** Whether some subject fits both. */
export function overlap(a: string, b: string): boolean {
  const [some, others] = [a.split('.'), b.split('.')];
  for (let i = 0; ; i++) {
    const [word, other] = [some[i], others[i]];
    if (word === undefined || other === undefined) return word === other;
    if (word === '>' || other === '>') return true;
    if (word !== other && word !== '*' && other !== '*') return false;
  }
}

/** Whether every subject that fits `narrow` fits `wide`. */
export function covers(wide: string, narrow: string): boolean {
  const [some, others] = [wide.split('.'), narrow.split('.')];
  for (let i = 0; ; i++) {
    const [word, other] = [some[i], others[i]];
    if (word === undefined || other === undefined) return word === other;
    if (word === '>') return true;
    if (other === '>' || (word !== '*' && word !== other)) return false;
  }
}
