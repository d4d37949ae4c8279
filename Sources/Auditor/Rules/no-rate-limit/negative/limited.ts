export async function POST(req: Request) {
  const { success } = await ratelimit.limit(ip);
  if (!success) return new Response('slow down', { status: 429 });
  return Response.json(await openai.chat.completions.create({ model: 'm', max_tokens: 200, messages }));
}
