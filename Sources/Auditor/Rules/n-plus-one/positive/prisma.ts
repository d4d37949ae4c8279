export async function list(companyId: string) {
  const conversations = await prisma.conversation.findMany({ where: { companyId }, take: 50 });
  return Promise.all(conversations.map(async (conversation) => ({
    ...conversation,
    count: await prisma.message.count({ where: { conversationId: conversation.id } }), // expect
  })));
}
