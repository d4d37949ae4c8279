export async function scrape(handle: string) {
  const answer = await fetch(`https://api.example.com/v1/${handle}`); // expect
  const other = await axios.get(`${BASE_URL}/x`); // expect
  return [await answer.json(), other];
}
