export const page = await prisma.conversation.findMany({ skip: (page - 1) * limit, take: limit }); // expect
