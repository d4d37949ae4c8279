export async function GET() {
  const session = await getServerSession(authOptions);
  const lists = await prisma.list.findMany({ where: { userId: session.user.id }, take: 20 });
  return Response.json(lists);
}
