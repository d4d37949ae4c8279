export const lists = (userId: string) => db.select().from(creatorLists).where(eq(creatorLists.userId, userId)); // expect
export const all = () => db.query.jobs.findMany({ with: { results: true } }); // expect
