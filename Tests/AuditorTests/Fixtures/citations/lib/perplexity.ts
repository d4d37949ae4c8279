export async function ask(question: string) {
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await fetch('https://api.perplexity.example/chat', { method: 'POST', body: question });
    if (answer.ok) return answer.json();
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
