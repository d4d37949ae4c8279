export async function GET() {
  const session = await getServerSession(authOptions);
  const user = await prisma.user.findUnique({ where: { email: session.user.email } }); // expect
  return Response.json(user.id);
}
