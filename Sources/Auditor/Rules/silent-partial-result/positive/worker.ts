export async function run(keywords: string[]) {
  const found = [];
  for (const keyword of keywords) {
    try {
      found.push(await search(keyword)); // expect
    } catch (error) {
      console.error(error);
      continue;
    }
  }
  return found;
}
export async function all(keywords: string[]) {
  const results = await Promise.allSettled(keywords.map(search)); // expect
  return results.filter((r) => r.status === 'fulfilled');
}
