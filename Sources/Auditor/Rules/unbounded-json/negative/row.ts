export async function say(conversationId: string, body: string) {
  await prisma.mentorMessage.create({ data: { conversationId, body } });
  await prisma.user.update({ where: { id }, data: { tags: { set: tags } } });
}
export const t = pgTable('t', { settings: jsonb('settings').$type<Settings>() });
