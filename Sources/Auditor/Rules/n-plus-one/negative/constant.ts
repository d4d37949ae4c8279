export async function seedKinds() {
  await Promise.all(['a', 'b'].map((name) => prisma.kind.upsert({ where: { name }, create: { name }, update: {} })));
}
