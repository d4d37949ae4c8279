export async function GET(request: Request) {
  const viewer = await session();
  const list = await prisma.mentorConversation.findMany({
    where: { userId: viewer.id, contextConcept: concept }, take: 10, select: { id: true },
  });
  return Response.json(list);
}
