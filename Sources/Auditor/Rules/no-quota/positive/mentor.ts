export async function POST(req: Request) {
  const reply = await anthropic.messages.create({ model: 'claude', max_tokens: 500, messages }); // expect
  return Response.json(reply);
}
