export async function GET() {
  const { userId } = await auth();
  return Response.json(await db.select().from(creatorLists).where(eq(creatorLists.userId, userId)));
}
