export async function GET() {
  const prisma = new PrismaClient(); // expect
  return Response.json(await prisma.user.findMany({ take: 10 }));
}
