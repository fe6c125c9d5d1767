/** Whether two places lie in different branches of one `parallel`. */
export function besides(one: string, other: string): boolean {
  const [first, second] = [one.split('.'), other.split('.')];
  const index = first.findIndex((part, at) => part !== second[at]);
  return /^parallel\[/.test(first[index] ?? '') && /^parallel\[/.test(second[index] ?? '');
}
