export async function search(keyword: string) {
  const answer = await fetch(`https://scraper.example.com/search?q=${keyword}`);
  const pages = [];
  for (const page of await answer.json()) {
    try {
      pages.push(parse(page));
    } catch (error) {
      console.error(error);
      continue;
    }
  }
  return pages;
}
