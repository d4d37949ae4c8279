export async function GET() {
  const session = await viewer();
  const [total, open, closed, messages] = await Promise.all([
    prisma.conversation.count({ where: { companyId } }),
    prisma.conversation.count({ where: { companyId, status: 'open' } }),
    prisma.conversation.count({ where: { companyId, status: 'closed' } }),
    prisma.message.groupBy({ by: ['conversationId'], _count: true, take: 10 }),
  ]);
  return Response.json({ total, open, closed, messages });
}
