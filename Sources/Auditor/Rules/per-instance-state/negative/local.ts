export function group(rows: Row[]) {
  const counts = new Map<string, number>();
  return counts;
}
const labels = { a: 'A' };
