export const favourites = (userId: string) =>
  db.select().from(lists) // expect
    .leftJoin(listItems, eq(listItems.listId, lists.id))
    .leftJoin(profiles, eq(profiles.id, listItems.creatorId))
    .leftJoin(collaborators, eq(collaborators.listId, lists.id))
    .where(sql`${lists.settings}->>'kind' = 'favourites'`).limit(10);
