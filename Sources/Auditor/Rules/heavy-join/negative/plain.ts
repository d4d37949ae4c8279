export const one = db.select().from(lists).leftJoin(items, eq(items.listId, lists.id)).where(eq(lists.id, id)).limit(1);
