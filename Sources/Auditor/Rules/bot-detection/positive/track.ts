export function source(request: Request) { // expect
  const agent = (request.headers.get('user-agent') ?? '').toLowerCase();
  if (agent.includes('chatgpt') || agent.includes('openai')) return 'chatgpt';
  if (agent.includes('perplexity')) return 'perplexity';
  return 'organic';
}
