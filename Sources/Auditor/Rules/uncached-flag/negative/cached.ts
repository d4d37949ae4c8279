const flags = unstable_cache(async () => prisma.featureFlag.findMany({ take: 100 }), ['flags'], { revalidate: 300 });
export const user = await prisma.user.findUnique({ where: { id } });
