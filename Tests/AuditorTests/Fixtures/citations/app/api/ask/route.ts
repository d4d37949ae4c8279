export async function POST(request: Request) {
  const reply = await openai.chat.completions.create({ model: 'gpt-4o', messages });
  return Response.json(reply);
}
