export const conversations = await prisma.conversation.findMany({ // expect
  take: 50,
  include: { facebookConnection: { include: { company: true } } },
});
const DEFAULT_PAGE_SIZE = 200; // expect
