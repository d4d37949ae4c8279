export async function GET() {
  const session = await getServerSession();
  return Response.json(await prisma.list.findMany({ where: { userId: session.user.id }, take: 10 }));
}
