export async function POST(request: Request) {
  const { id, body, userId } = await request.json();
  const conversation = await prisma.mentorConversation.findUnique({ where: { id } });
  const reply = await anthropic.messages.create({ model: 'claude', max_tokens: 800, messages: conversation.messages });
  await prisma.mentorConversation.update({ where: { id }, data: { messages: [...conversation.messages, body, reply] } });
  return Response.json(reply);
}
