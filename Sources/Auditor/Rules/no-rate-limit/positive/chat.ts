export async function POST(req: Request) { // expect
  const answer = await openai.chat.completions.create({ model: 'gpt-4o', max_tokens: 200, messages });
  return Response.json(answer);
}
