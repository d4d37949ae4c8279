export async function POST(request: Request) {
  const { question } = await request.json();
  const reply = await openai.chat.completions.create({ model: 'gpt-4o', max_tokens: 300, messages });
  console.log('usage', reply.usage);
  return Response.json(reply);
}
