export async function GET() {
  const session = await viewer();
  const messages = await prisma.message.findMany({ where: { conversationId, id: { lt: cursor } }, orderBy: { id: 'desc' }, take: limit + 1, select: { id: true, body: true } });
  return Response.json(messages);
}
