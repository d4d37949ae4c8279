export async function names(ids: number[]) {
  const queue = [...ids];
  while (queue.length) {
    const id = queue.shift();
    await knex('users').where({ id }).first(); // expect
  }
}
