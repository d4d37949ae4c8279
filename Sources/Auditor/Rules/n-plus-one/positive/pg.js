async function send(ids) {
  ids.forEach(async (id) => {
    const user = await pool.query('SELECT email FROM users WHERE id = $1', [id]); // expect
    notify(user.rows[0]);
  });
}
