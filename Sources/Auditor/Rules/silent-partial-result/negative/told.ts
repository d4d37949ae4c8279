export async function run(keywords: string[]) {
  for (const keyword of keywords) {
    try {
      await search(keyword);
    } catch (error) {
      failed.push({ keyword, reason: error.message });
    }
  }
}
