export async function addCreators(listId: string, creators: Creator[]) {
  return db.transaction(async (tx) => {
    for (const creator of creators) {
      const [profile] = await tx.insert(creatorProfiles).values(creator).returning();
      await tx.insert(creatorListItems).values({ listId, creatorId: profile.id, bucket: 'new' });
    }
  });
}
export const byHandle = (handle: string) =>
  db.select().from(creatorProfiles).where(eq(creatorProfiles.handle, handle)).limit(1);
export const board = (listId: string, bucket: string) =>
  db.select().from(creatorListItems).where(and(eq(creatorListItems.listId, listId), eq(creatorListItems.bucket, bucket))).limit(100);
