export async function GET() {
  const session = await getServerSession(authOptions);
  const user = await prisma.user.findUnique({ where: { email: session.user.email } });
  return Response.json(await prisma.learningEvent.findMany({ where: { userId: user.id } }));
}
