export async function GET(req: Request) {
  const submissions = await prisma.labSubmission.findMany({ where: { userId: user.id }, orderBy: { createdAt: 'desc' } }); // expect
  return Response.json(submissions);
}
