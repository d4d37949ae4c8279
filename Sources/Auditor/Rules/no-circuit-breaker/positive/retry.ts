export async function call(url: string) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await fetch(`https://api.example.com/${url}`, { signal }); // expect
    if (answer.ok) return answer;
  }
}
