export async function addCreators(listId: string, creators: Creator[]) {
  await db.transaction(async (tx) => {
    for (const creator of creators) {
      const [profile] = await tx.insert(creatorProfiles).values(creator).onConflictDoUpdate({ target: creatorProfiles.handle, set: creator }).returning(); // expect
      await tx.insert(creatorListItems).values({ listId, creatorId: profile.id }); // expect
    }
  });
}
