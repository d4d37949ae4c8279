export async function GET() {
  const session = await getServerSession(authOptions);
  const user = await prisma.user.findUnique({ where: { email: session.user.email } });
  const submissions = await prisma.labSubmission.findMany({ where: { userId: user.id }, orderBy: { createdAt: 'desc' } });
  return Response.json(submissions);
}
