export async function GET() {
  const messages = await prisma.message.findMany({ where: { conversation: { companyId } } });
  return Response.json(messages.filter((message) => message.createdAt > lastSeen).length);
}
