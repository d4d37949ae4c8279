export async function GET(request: Request) {
  const conversations = await prisma.conversation.findMany({
    where: { companyId },
    skip: (page - 1) * limit,
    take: limit,
    include: { facebookConnection: { include: { company: true } }, messages: { take: 1 } },
  });
  const rows = await Promise.all(conversations.map(async (conversation) => {
    const count = await prisma.message.count({ where: { conversationId: conversation.id } });
    return { ...conversation, count };
  }));
  return Response.json(rows);
}
