export const favourites = (userId: string) =>
  db.select({ id: creatorLists.id }).from(creatorLists)
    .leftJoin(creatorListItems, eq(creatorListItems.listId, creatorLists.id))
    .leftJoin(creatorProfiles, eq(creatorProfiles.id, creatorListItems.creatorId))
    .leftJoin(collaborators, eq(collaborators.listId, creatorLists.id))
    .where(sql`${creatorLists.settings}->>'favourite' = 'true'`).limit(20);
