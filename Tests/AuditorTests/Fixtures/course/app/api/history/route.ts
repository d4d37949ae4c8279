export async function GET() {
  const list = await prisma.mentorConversation.findMany({ where: { userId: viewer }, orderBy: { updatedAt: 'desc' }, take: 10 });
  return Response.json(list);
}
