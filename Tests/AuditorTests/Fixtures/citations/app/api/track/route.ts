export async function POST(request: Request) {
  const agent = (request.headers.get('user-agent') ?? '').toLowerCase();
  const referrer = request.headers.get('referer') ?? '';
  if (agent.includes('chatgpt') || agent.includes('openai')) return Response.json({ source: 'chatgpt' });
  if (agent.includes('perplexity')) return Response.json({ source: 'perplexity' });
  return Response.json({ source: 'organic' });
}
