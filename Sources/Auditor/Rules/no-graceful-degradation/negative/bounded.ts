export async function scrape(handle: string) {
  const answer = await fetch(`https://api.example.com/v1/${handle}`, { signal: AbortSignal.timeout(5000) });
  const mine = await fetch('/api/lists');
  return axios.get('https://x.example', { timeout: 1000 });
}
